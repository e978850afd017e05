"""Runs inside the sandbox, on the standard library alone; travels there as one archive.

``zygote`` serves requests; ``stock`` makes children in advance, ``isolation`` (with ``kernel``, ``landlock``,
``seccomp``) what separates them; ``run`` oversees one run, ``memory`` what it holds, ``vault`` what is relayed.
``child`` is a child's life; it becomes ``served`` (the program that answers calls), ``examiner`` (the judge), or a
``runner`` of both together; ``codec`` and ``wire`` are what passes between them. ``watch`` and ``instrument`` see the
entry-point call, ``tracer`` records steps, ``render`` values. Nothing from here is believed by the host but what the
zygote and the judge say.
"""
