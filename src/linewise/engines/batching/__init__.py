"""Continuous batching: calls of concurrent agents become one batch after the other, on prefixes that are kept.

``prefix_store`` says what is kept (in a ``prefix_tree``, or as ``whole_prefixes``), ``lane`` what one call is waiting
for, ``calls`` what each kind of call does; ``scheduler`` decides what is computed next. None of them touches a model.
"""
