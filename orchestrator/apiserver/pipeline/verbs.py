"""Which steps a write takes, in order: the one place where a step is put among the others.

A step that has nothing to do for a kind (no plugin is concerned, nothing is counted out) is left out
when the tuple is made.
"""

from typing import Final

from orchestrator.apiserver.pipeline.admission import admit, review, review_outside
from orchestrator.apiserver.pipeline.apply import apply, own_applied, read_or_apply
from orchestrator.apiserver.pipeline.authorize import authorize
from orchestrator.apiserver.pipeline.commit import commit, commit_new
from orchestrator.apiserver.pipeline.course import Maker
from orchestrator.apiserver.pipeline.delete import (
    answer_again,
    check_preconditions,
    commit_deletion,
    end,
)
from orchestrator.apiserver.pipeline.escalation import hold_what_is_granted
from orchestrator.apiserver.pipeline.kinds import (
    allocate,
    confirm,
    count_generation,
    default,
    default_status,
    prepare_status,
    prepare_to_create,
    prepare_to_update,
    validate,
    validate_new,
    validate_status,
    warn,
    warn_of_status,
)
from orchestrator.apiserver.pipeline.node_restriction import restrict_nodes
from orchestrator.apiserver.pipeline.objects import (
    keep,
    keep_all_but_status,
    read,
    read_or,
    stamp,
    take,
    take_options,
)
from orchestrator.apiserver.pipeline.own_fields import own_fields
from orchestrator.apiserver.pipeline.patch import patch
from orchestrator.apiserver.pipeline.versions import close, open_stored

_BEGIN: Final[tuple[Maker, ...]] = (
    admit,
    default,
    hold_what_is_granted,
    prepare_to_create,
    allocate,
    validate_new,
    warn,
    review_outside,
    confirm,
    review,
    close,
    commit_new,
)
CREATE: Final[tuple[Maker, ...]] = (authorize, stamp, restrict_nodes, own_fields, *_BEGIN)
CREATE_APPLIED: Final[tuple[Maker, ...]] = (authorize, stamp, restrict_nodes, own_applied, *_BEGIN)
# By the path of a status nothing is counted out.
_BEGIN_AT_STATUS: Final = tuple(maker for maker in _BEGIN if maker not in (allocate, confirm))
_CREATE_AT_STATUS: Final = (authorize, stamp, restrict_nodes, own_fields, *_BEGIN_AT_STATUS)
_CREATE_APPLIED_AT_STATUS: Final = (
    authorize,
    stamp,
    restrict_nodes,
    own_applied,
    *_BEGIN_AT_STATUS,
)
# How an object becomes its next state, whoever says which: a client's object or a patch.
_REPLACE: Final[tuple[Maker, ...]] = (
    keep,
    restrict_nodes,
    own_fields,
    prepare_to_update,
    admit,
    default,
    hold_what_is_granted,
    count_generation,
    allocate,
    validate,
    warn,
    review_outside,
    confirm,
    review,
    close,
    commit,
)
UPDATE: Final[tuple[Maker, ...]] = (authorize, take, read_or(CREATE), open_stored, *_REPLACE)
PATCH: Final[tuple[Maker, ...]] = (authorize, read, open_stored, patch, *_REPLACE)
APPLY: Final[tuple[Maker, ...]] = (
    authorize,
    read_or_apply(CREATE_APPLIED),
    open_stored,
    apply,
    *_REPLACE,
)
_REPLACE_STATUS: Final[tuple[Maker, ...]] = (
    restrict_nodes,
    keep_all_but_status,
    default_status,
    prepare_status,
    own_fields,  # here, so that the next report finds the very status of this one
    admit,
    validate_status,
    warn_of_status,
    review_outside,
    review,
    close,
    commit,
)
UPDATE_STATUS: Final[tuple[Maker, ...]] = (
    authorize,
    take,
    read_or(_CREATE_AT_STATUS),
    open_stored,
    *_REPLACE_STATUS,
)
PATCH_STATUS: Final[tuple[Maker, ...]] = (authorize, read, open_stored, patch, *_REPLACE_STATUS)
APPLY_STATUS: Final[tuple[Maker, ...]] = (
    authorize,
    read_or_apply(_CREATE_APPLIED_AT_STATUS),
    open_stored,
    apply,
    *_REPLACE_STATUS,
)
_END: Final[tuple[Maker, ...]] = (
    read,
    open_stored,
    restrict_nodes,
    check_preconditions,
    answer_again,
    admit,
    review_outside,
    review,
    end,
    close,
    commit_deletion,
)
DELETE: Final[tuple[Maker, ...]] = (authorize, *_END)
# An eviction that was admitted goes on with these: nobody is asked about its deletion.
END_ADMITTED: Final = tuple(maker for maker in _END if maker not in (admit, review_outside, review))
# Whoever opens the connection has asked for the object, and whether this may be.
CONNECT: Final[tuple[Maker, ...]] = (take_options, admit, review_outside, review)
