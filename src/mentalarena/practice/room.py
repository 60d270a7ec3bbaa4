"""The practice room, without any page or terminal: every change goes through the store, so that a reload, another tab, the other
of the two or a restart finds what was there."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Thread
from typing import Literal, get_args
from weakref import WeakValueDictionary

from mentalarena.clinic.clinics import open_clinic
from mentalarena.config import Config
from mentalarena.errors import ConfigError, MentalArenaError, ModelError
from mentalarena.models.backends import Backends
from mentalarena.models.base import Heard, streamed
from mentalarena.practice.feedback import feedback, scoring_of
from mentalarena.practice.hearing import of_oneself, told_danger
from mentalarena.practice.partner import MANY, Partner, choose, offline, partner_again, partner_of, people
from mentalarena.practice.rapport import DIFFICULTIES, STYLES, Difficulty, Style
from mentalarena.practice.reversal import question, understood
from mentalarena.practice.rival import rival
from mentalarena.practice.session import Session, Speaker, compared, heard, judged, new_session, said
from mentalarena.practice.store import Store
from mentalarena.settings import load_config

By = Literal["library", "model"]
"""Who plays the patient: the library's own words, or the configured model."""
FULL = 600
"""Lines of a session: as many as its file can hold, and more than anybody says."""
ATTEMPTS = 3
KEPT = 200
"""Patients that stay ready to talk, those who talked last."""


def speaks_of_own_danger(session: Session, text: str) -> bool:
    """Whether what a person types speaks of their own danger, whichever part they take: the other side is a program, so they are
    shown where people help."""
    return bool(told_danger(text)) if session.part == "patient" else of_oneself(text)


@dataclass
class Practising:
    """The practice room of one server, or of one terminal."""

    store: Store
    config: Config
    """Of the models; the default one configures none."""
    backends: Backends = field(default_factory=lambda: Backends(alone=True))
    library: Config = field(default_factory=lambda: load_config(None, ["clinic.source=library"]))
    """Of the sessions that the library's own words play."""
    _partners: OrderedDict[str, Partner] = field(default_factory=OrderedDict)
    _warm: bool = False
    _locks: WeakValueDictionary[tuple[str, str], asyncio.Lock] = field(default_factory=WeakValueDictionary)

    @property
    def has_model(self) -> bool:
        """Whether a model is configured that can play."""
        return not offline(self.config)

    def warm(self) -> None:
        """Begin what the first feedback would wait for, once: to calibrate the thresholds. Who only reads runs is not slowed."""
        if not self._warm:
            self._warm = True
            Thread(target=scoring_of, args=(self.library,), name="warm", daemon=True).start()

    def patients(self, by: By) -> dict[str, str]:
        """Whom one may choose: ids with what is known of each at first sight, which is no diagnosis. May raise `DataError`."""
        config = self.config_for(by)
        if config.clinic.source == "library":
            found = [(person.id, person.name, person.demographics) for person in people()]
        else:
            own = open_clinic(config.clinic.source).patients(MANY, 0)
            found = [(one.id, one.cognitive_model.name, dict(one.demographics)) for one in own]
        return {id: ", ".join(filter(None, (name, about.get("age"), about.get("occupation")))) for id, name, about in found}

    def name_of(self, session: Session) -> str:
        """What the patient of a session is called."""
        try:
            return choose(session.patient, session.seed, self.config_of(session), every=True)[0].cognitive_model.name
        except MentalArenaError:  # begun with other settings
            return session.patient

    def config_for(self, by: By) -> Config:
        """The settings that a session is played by."""
        return self.config if by == "model" and self.has_model else self.library

    def config_of(self, session: Session) -> Config:
        """Those of a session that was begun before."""
        return self.config_for("library" if session.offline else "model")

    async def begin(self, session: Session) -> Session:
        """A prepared session, kept, up to the patient's first words; with the greeting alone where the person is the patient.
        Raises `ModelError`."""
        if session.part == "therapist":
            session = heard(session, await (await self.partner(session)).answer(session.lines))
        return self.store.save(session)

    async def prepared(
        self,
        patient: str | None,
        style: Style,
        difficulty: Difficulty,
        seed: int,
        by: By = "library",
        part: Speaker = "therapist",
    ) -> Session:
        """A new session with the greeting, not kept yet: to `begin`, or to save and go on with `speak`. Raises `ConfigError`."""
        if (
            style not in STYLES or difficulty not in DIFFICULTIES or part not in get_args(Speaker)
        ):  # a browser may send anything
            raise ConfigError("style, difficulty or part: none that there is; expected a choice of the page")
        config = self.config_for(by)
        chosen, person = await asyncio.to_thread(choose, patient, seed, config)
        partner = await partner_of(chosen, person, style, difficulty, seed, config, self.backends)
        manner = "" if partner.offline else partner.encoded.principles.id
        session = new_session(chosen.id, style=style, difficulty=difficulty, model=partner.model.name, manner=manner, seed=seed,
                              source=config.clinic.source, part=part)  # fmt: skip
        self._keep(session.id, partner)
        return said(session, partner.greeting)

    async def partner(self, session: Session) -> Partner:
        """The patient of a session. Raises `ConfigError` when the settings no longer give it."""
        if session.id not in self._partners:
            self._keep(session.id, await partner_again(session, self.config_of(session), self.backends))
        self._partners.move_to_end(session.id)
        return self._partners[session.id]

    async def speak(self, session_id: str, text: str, listen: Heard, silence: bool = False) -> Session:
        """The person says something and is answered; `listen` hears the answer while it comes. What was said is kept before it is
        answered, also beside a line that is not answered yet: one answer is to both. An empty text asks again for an answer
        that is still missing, unless `silence` says that it is one.

        Raises `ModelError`; then what the person said stands, and the answer may be asked for again. Raises `ConfigError` for a
        session that is full."""
        async with self._lock("talk", session_id):  # not that of changes: notes are kept while somebody speaks
            session = await asyncio.to_thread(self.store.read, session_id)
            if silence or text.strip():
                if len(session.lines) >= FULL:
                    raise ConfigError(
                        f"a session of {len(session.lines)} lines; expected {FULL} at most: begin another one"
                    )
                own = said if session.part == "therapist" else heard
                session = await self.change(session_id, lambda now: own(now, text))
            if not session.owed:
                return session
            answer = await self._answer(session, listen)
            other = heard if session.part == "therapist" else said
            return await self.change(session_id, lambda now: other(now, answer))

    async def _answer(self, session: Session, listen: Heard) -> str:
        partner = await self.partner(session)
        if session.part == "patient":
            return await question(session, partner, self.config_of(session), self.backends, listen)
        messages, sampling = partner.request(session.lines)
        return partner.spoken((await streamed(partner.model, messages, sampling, listen)).text)

    async def change(self, session_id: str, changed: Callable[[Session], Session]) -> Session:
        """A note, a diagnosis, a line: kept at once, on what is there now."""
        async with self._lock("change", session_id):
            before = await asyncio.to_thread(self.store.read, session_id)
            after = changed(before)
            return before if after == before else await asyncio.to_thread(self.store.save, after)

    async def judge(self, session_id: str) -> Session:
        """Feedback on a session as it stands now. Raises `ModelError` where a judge cannot answer, or where what it judged was
        changed meanwhile, again and again."""
        for _ in range(ATTEMPTS):
            session = await asyncio.to_thread(self.store.read, session_id)
            scoring = await asyncio.to_thread(scoring_of, self.config_of(session))
            found = await feedback(session, await self.partner(session), scoring)
            kept = await self.change(session_id, lambda now: judged(now, found) if _alike(now, session) else now)  # noqa: B023
            if kept.feedback == found:
                return kept
        raise ModelError("the session changed while it was judged; ask again")

    async def compare(self, session_id: str, partly: bool = False) -> Session:
        """A therapist that is no person talks with the same patient; or, where the person is the patient, what it understood of
        the person. One at a time. Raises `ModelError` where it could not go on, unless `partly`: then what there is of it is
        kept, with its `problem`."""
        async with self._lock("compare", session_id):
            session = await asyncio.to_thread(self.store.read, session_id)
            config = self.config_of(session)
            scoring = await asyncio.to_thread(scoring_of, config)
            other = rival if session.part == "therapist" else understood
            found = await other(session, await self.partner(session), config, scoring, self.backends)
            if found.problem and not partly:
                raise ModelError(found.problem)
            return await self.change(session_id, lambda now: compared(now, found))

    def _lock(self, what: str, session_id: str) -> asyncio.Lock:
        """That of a session; it lives as long as somebody holds it or waits for it."""
        return self._locks.setdefault((what, session_id), asyncio.Lock())

    def _keep(self, session_id: str, partner: Partner) -> None:
        self._partners[session_id] = partner
        while len(self._partners) > KEPT:
            self._partners.popitem(last=False)


def _alike(now: Session, before: Session) -> bool:
    """Whether what feedback is of has stayed the same."""
    return (now.lines, now.notes, now.diagnosis) == (before.lines, before.notes, before.diagnosis)
