"""What can go wrong, in one tree.

    MentalArenaError
    ├── ConfigError        the configuration, or a changed setting that a run directory has locked
    ├── DataError          a file of patients, rows or episodes: names file, line, field and what was expected
    ├── RunError           a run directory: locked by another writer, not writable, damaged
    │   └── JournalDiverged    the journal holds another request at this place than the one asked now
    ├── ModelError         a model could not answer (recorded on the episode; never ends an episode's stage by itself)
    │   └── ModelRefusal       and asking again will not bring it: a prompt that is too long, a refused request
    ├── Unreadable         a reply that does not have the asked form (asked again once, then recorded)
    ├── BudgetSpent        a limit of [budget] is reached: what was answered is kept, a higher one goes on
    ├── TooManyFailures    the share of failed episodes passed the limit: the run stops early
    └── TrainingFailed     the training process stopped: its checkpoints stay, the same command goes on

Every message is one line that says what, where and what was expected. The command line prints it and exits with 2.
"""

from __future__ import annotations


class MentalArenaError(Exception):
    """Base of all errors that a user can cause or meet."""


class ConfigError(MentalArenaError):
    pass


class DataError(MentalArenaError):
    pass


class RunError(MentalArenaError):
    pass


class JournalDiverged(RunError):
    pass


class ModelError(MentalArenaError):
    pass


class ModelRefusal(ModelError):
    """An answer that asking again will not bring: a prompt that is too long, a request that the server refuses."""


class Unreadable(MentalArenaError):
    pass


class BudgetSpent(MentalArenaError):
    pass


class TooManyFailures(MentalArenaError):
    pass


class TrainingFailed(MentalArenaError):
    pass
