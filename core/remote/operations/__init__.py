"""Operations of the other end of a connection (`core.remote.far`): receiving a copy, and news of a run."""
