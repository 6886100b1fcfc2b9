"""Traffic in the background while the demonstration goes on."""

import asyncio
import threading
from collections.abc import Sequence

from pharos_console.load.answers import Answer
from pharos_console.load.generator import Generator, Plan
from pharos_console.load.texts import Text


class Traffic:
    """Runs a plan in a thread; ``answers`` grows while it does."""

    def __init__(self, plan: Plan, texts: Sequence[Text]) -> None:
        self.answers: list[Answer] = []
        self._generator = Generator(plan, texts, self.answers.append)
        self._thread = threading.Thread(target=self._run, name="traffic", daemon=True)

    def start(self) -> None:
        """Begin to send."""
        self._thread.start()

    def stop(self) -> None:
        """Send nothing more and wait for what is under way."""
        self._generator.stop()
        self._thread.join()

    def since(self, mark: int) -> list[Answer]:
        """Answers from a position of ``answers`` on, by the time they were sent."""
        return sorted(self.answers[mark:], key=lambda answer: answer.sent_s)

    def _run(self) -> None:
        asyncio.run(self._generator.run())
