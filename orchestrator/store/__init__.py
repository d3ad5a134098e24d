"""The store: where the cluster's objects are, and the one order in which they change.

Only the API server touches it. What belongs here: revisions, compare-and-swap, watch history,
durability; one file an engine. What does not: anything that knows one kind from another
(validation, strategies, selectors), and anything about who may write.

## The idea

A Kubernetes cluster is a set of objects and one number. Every write makes the number, the
*revision*, one greater, and stamps it on the object that it wrote; so all writes of a cluster
stand in one total order, and "what happened since revision 17?" has one answer. Everything that
Kubernetes does with concurrency is made from that: optimistic locking (write if the object is still
the one I read), list-then-watch (the state at 17, then each change after 17), consistent paging
(every page as of 17). The model is etcd's, and so are the words.

The store keeps the *present* as an image in memory, which answers all reads synchronously, and of
the *past* the last changes of each bucket. The past is an undo log: the state at an older revision
is the present with the changes since taken back. So nothing is kept twice, and a change record
(`Change`) is the very message that watchers get.

Objects are frozen and shared. A reader gets the object that the store holds, and hands it back as
the `expected` of its write: compare-and-swap compares identity.

## What every engine promises

1. **One order.** Each successful write has its own revision, greater by one than the last; a failed
   one has none. An object's `metadata.resourceVersion` is the revision of its last write.
2. **Compare-and-swap.** A write happens only if what is stored is the `expected` object; otherwise
   nothing changes and the outcome is `Mismatch` with what is there.
3. **Read your writes.** After `commit` returned, every read sees the write, unless it was refused.
4. **Key order.** Lists and scans answer by (namespace, name); one namespace costs its own objects
   only.
5. **Complete history, or none.** `changes_since(r)` answers every change after `r`, in order, or
   raises `Compacted`; it never answers with a gap. The list at `r` with these changes applied is
   the present list.
6. **Consistent pages.** `scan(at=r)` is the list as it was at `r`, or raises `Compacted`.
7. **Bounded.** History holds at most `history_limit` changes a bucket.
8. **Told once.** The listener gets every change once, in order, when it is durable, and before the
   writer's `done`.
9. **Durable when answered.** When `done` is called the write is as durable as the engine gets: in
   memory not at all; SQLite answers from `flush`, when the transaction that holds all writes since
   the last one is on the disk; etcd answers when its response comes.

A read sees a write before it is durable (promise 3), but nobody outside the API server's actor
does: it answers its callers from `done` and tells its watchers from the listener.

A new store may begin with objects (`begin_with`). They stand at the first revision, as if one
transaction had written them before anybody looked: they are in every list, and in no history.

What is not promised: atomic writes of several objects (Kubernetes has none), threads, and history
across a restart of the process (an engine may begin with its floor at the present revision).

## Rejected

- *A history for all buckets together.* Simpler, and etcd's way; but 5,000 nodes renew 500 leases a
  second, and would push every other change out of a bounded history in seconds. Kubernetes has the
  same answer in its watch caches, one a resource.
- *Revisions compared instead of objects.* Equally right; identity is cheaper and cannot be mistaken
  for another object of the same name.
- *A coroutine for each commit.* It would cost the memory engine more than the commit itself. A
  continuation costs a call.
"""

from orchestrator.store.errors import Compacted, FutureRevision, NotNew, StoreError
from orchestrator.store.interface import (
    FIRST_REVISION,
    Change,
    Done,
    Key,
    Listener,
    Mismatch,
    Outcome,
    Store,
    Write,
)
from orchestrator.store.memory import HISTORY_LIMIT, MemoryStore

__all__ = [
    "FIRST_REVISION",
    "HISTORY_LIMIT",
    "Change",
    "Compacted",
    "Done",
    "FutureRevision",
    "Key",
    "Listener",
    "MemoryStore",
    "Mismatch",
    "NotNew",
    "Outcome",
    "Store",
    "StoreError",
    "Write",
]
