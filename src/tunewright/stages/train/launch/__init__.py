"""Starting and following the processes that train: one of its own, or several that hold rows or the model together."""
