"""Watches: how every change finds the watchers that asked for it, in few messages.

## The idea

Watchers that ask for the same thing (resource, namespace, selectors, batching) share a *channel*.
A change is matched once for each channel concerned, and a flush builds one message for each channel
and offers the same message object to all its sinks: a thousand proxies cost a thousand mailbox
appends, not a thousand selections.

A channel numbers its messages. That is all the reliability there is between mailboxes: a reader
that sees a number missing lists again, and a channel that has nothing to say sends an empty
message once a minute, so that a lost last message does not go unnoticed for longer.

## What is promised to a watcher

1. **No gap.** The answer to `Watch` is the state (or the position) at one revision; every later
   change that the selectors concern follows, in the order of revisions, once.
2. **Selectors select transitions.** An object that comes to match is ADDED, one that ceases to is
   DELETED, whatever happened to it really.
3. **Slow watchers end.** A sink whose mailbox is full gets `WatchClosed(Expired)` as soon as there
   is room, and nothing after it. The server never waits for a sink and never keeps a queue for it.
4. **Nobody is left hanging.** When the server restarts, its next incarnation ends every watch of
   the last one; when it stops, it does so itself. `Watchers` outlives the incarnations for that.
5. **(sink, token) is one watch.** Asking again replaces it; a stopped sink is forgotten.

## Files
`hub` is the whole; `channel` what watchers share and what they see of a change; `routes` the index
from changes to channels; `watchers` the register that outlives the actor.
"""

from orchestrator.apiserver.watch.channel import ChannelKey
from orchestrator.apiserver.watch.hub import HubStatistics, Seat, WatchHub
from orchestrator.apiserver.watch.watchers import Watchers

__all__ = ["ChannelKey", "HubStatistics", "Seat", "WatchHub", "Watchers"]
