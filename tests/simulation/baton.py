"""Threads that run one at a time: the one that holds the baton runs, the others wait for it.

Real code that blocks, such as the gateway and the SDK beneath it, thus runs unchanged
while a scheduler decides, at each point where it asks for something, who goes on and
when. Nothing is left to the operating system.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from queue import SimpleQueue
from typing import Any

_here = threading.local()
_idle: list[SimpleQueue[Task]] = []


class Task:
    """A function in a thread of its own, which runs only while `resume` waits for it.

    Attributes:
        done: It has returned, or ended in an exception.
        about: What it is doing, for whoever schedules it.
    """

    def __init__(self, run: Callable[[], object]) -> None:
        self.done = False
        self.about: Any = None
        self._run = run
        self._failure: BaseException | None = None
        self._asked: object = None
        self._given: object = None
        self._begun = False
        self._go = threading.Lock()
        self._back = threading.Lock()
        self._go.acquire()
        self._back.acquire()

    @staticmethod
    def current() -> Task:
        """Return the task whose thread this is."""
        task: Task = _here.task
        return task

    def resume(self, given: object = None) -> object:
        """Let it run until it asks for something or ends; return what it asks for.

        Args:
            given: What it asked for last; an exception is raised in it.

        Raises:
            BaseException: What the function ended in.
        """
        self._given = given
        if self._begun:
            self._go.release()
        else:
            self._begun = True
            (_idle.pop() if _idle else _start()).put(self)
        self._back.acquire()
        if self._failure is not None:
            raise self._failure
        return self._asked

    def ask(self, question: object) -> Any:
        """Hand the baton back with a question, and return what it is given.

        It is called in the task's own thread.
        """
        self._asked = question
        self._back.release()
        self._go.acquire()
        given, self._given = self._given, None
        if isinstance(given, BaseException):
            raise given
        return given

    def _work(self, inbox: SimpleQueue[Task]) -> None:
        try:
            self._run()
        except BaseException as failure:  # noqa: BLE001
            self._failure = failure
        self._asked = None
        self.done = True
        _idle.append(inbox)
        self._back.release()


def _start() -> SimpleQueue[Task]:
    inbox: SimpleQueue[Task] = SimpleQueue()

    def loop() -> None:
        while True:
            task = inbox.get()
            _here.task = task
            task._work(inbox)

    threading.Thread(target=loop, daemon=True).start()
    return inbox
