"""The settings of a run: a typed tree; unknown keys are errors. `settings.py` reads it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator


class Section(BaseModel):
    """A part of the tree: frozen, and without keys that nobody reads."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class ModelConfig(Section):
    """Which model plays a role."""

    provider: Literal["embedded", "transformers", "openai", "scripted"] = "embedded"
    """`embedded` is the small model in this package; `transformers` runs a checkpoint in this process; `openai` asks an
    OpenAI-compatible server; `scripted` plays by rule. A server's model is trained here where `weights` names it."""
    model: str = ""
    """For `transformers`: a checkpoint folder or hub name. For `openai`: the name that the server knows."""
    base_url: str | tuple[str, ...] = ""
    """For `openai`: the server, such as http://127.0.0.1:8000/v1, or several that serve the same model: an episode keeps its
    own, and a dead one is left out. Unset: OpenAI's."""
    weights: str = ""
    """For `openai`: the checkpoint folder or hub name of what the server serves, where it is to be trained here."""
    publish: Literal["merged", "vllm", "command"] = "merged"
    """For `openai` with `weights`: how trained weights come into play. `merged`: a merged checkpoint folder is asked for by its
    path. `vllm`: the adapter is loaded into the running server. `command`: `publish_command` sees to it."""
    publish_command: str = ""
    """Words with {adapter}, {base}, {merged} (a folder that is made for it) and {name}, run without a shell."""
    api_key_env: str = "OPENAI_API_KEY"
    """The environment variable that holds the key; the key itself is never written anywhere."""
    concurrency: int = Field(default=64, ge=1)
    """For `openai`: requests at once, of all roles that share the server."""
    timeout: float = Field(default=120.0, gt=0)
    """For `openai`: seconds that one request may take."""
    retries: int = Field(default=6, ge=0)
    """For `openai`: how often a request is sent again after a failure that may pass; Retry-After is honoured."""
    patience: float = Field(default=120.0, ge=0)
    """For `openai`: seconds for which a server that cannot be reached is tried again."""
    backoff: float = Field(default=0.5, ge=0)
    """For `openai`: seconds of the first wait after a failure, at most; the bound doubles each time."""
    requests_per_minute: float = Field(default=0, ge=0)
    """For `openai`: a limit of the provider; 0: none."""
    tokens_per_minute: float = Field(default=0, ge=0)
    """For `openai`: likewise, prompt and reply together."""
    context: int = Field(default=0, ge=0)
    """For `openai`: tokens that prompt and reply may have together. A request that is surely longer is not sent. 0: unknown."""
    structured: Literal["none", "vllm", "sglang"] = "none"
    """For `openai`: hold answers to their form, as that server takes regular expressions. Made for the shipped `full` prompts."""
    extra_body: dict[str, Any] = Field(default_factory=dict)
    """For `openai`: more fields of each request, such as a server's own switches."""
    device: str = "cpu"
    """For `transformers`: a device of torch such as `cuda`, or `auto`: spread over all accelerators."""
    dtype: Literal["auto", "float32", "bfloat16", "float16"] = "auto"
    """For `transformers`: `auto` is float32 on a CPU and bfloat16 elsewhere."""
    quantize: Literal["none", "nf4", "int8"] = "none"
    """For `transformers`: weights in 4 or 8 bits (bitsandbytes)."""
    attention: Literal["", "sdpa", "eager", "flash_attention_2"] = ""
    """For `transformers`: how attention is computed. Unset: what transformers chooses."""
    max_batch: int = Field(default=64, ge=1)
    """For `embedded` and `transformers`: rows that are in a model (of a worker) at once. On a GPU as many as fit: rows x longest
    row x bytes of a token's states (128 KB for an 8B model in bfloat16)."""
    cache_mb: int = Field(default=1024, ge=0)
    """For `embedded` and `transformers`: memory for prompts that were read before, of all workers together. 0: none."""
    workers: int = Field(default=0, ge=0)
    """For `embedded` and `transformers` on a CPU: processes of one thread that share the work. 1: in this process. 0: one a core
    (8 at most) for weights up to 256 MB, else 1."""
    prompts: str = ""
    """A shipped prompt set (`full`, `compact`) or a folder of text files. Unset: what suits the provider."""
    temperature: float = Field(default=0.8, ge=0)
    verdict_temperature: float = Field(default=0.0, ge=0)
    """For judgements: the patient's choice and foretold outcomes, the judge's picks and scores. (The paper's: 0.8.)"""
    top_p: float = Field(default=1.0, gt=0, le=1)
    max_tokens: int = Field(default=0, ge=0)
    """New tokens a reply, at most. 0: 96 for the embedded model, 256 (the paper's) for others."""

    @property
    def prompt_set(self) -> str:
        return self.prompts or ("full" if self.provider in ("transformers", "openai") else "compact")

    @property
    def reply_tokens(self) -> int:
        return self.max_tokens or (96 if self.provider == "embedded" else 256)


class RolesConfig(Section):
    """One model a role. Keys under `models.all` hold for each role that does not say otherwise."""

    patient: ModelConfig = ModelConfig()
    therapist: ModelConfig = ModelConfig()
    judge: ModelConfig = ModelConfig()

    @model_validator(mode="before")
    @classmethod
    def _spread(cls, tree: Any) -> Any:
        if not isinstance(tree, dict) or not isinstance(tree.get("all"), dict):
            return tree
        roles = {name: value for name, value in tree.items() if name != "all"}
        told = {name: {**tree["all"], **own} if isinstance(own, dict) else own for name, own in roles.items()}
        return dict.fromkeys(("patient", "therapist", "judge"), tree["all"]) | told


class ArenaConfig(Section):
    """How an episode is played; see `arena.types.ArenaSettings`. The defaults suit the embedded model; the paper's
    (4 turns, 5 rounds, 7 trials, good score 9) stand in configs/llama3-8b-paper.toml."""

    talk_turns: int = Field(default=4, ge=0)
    decode_rounds: int = Field(default=2, ge=0)
    turns_per_round: int = Field(default=2, ge=1)
    guided: bool = True
    intake: bool = False
    trials: int = Field(default=3, ge=1)
    good_score: int = Field(default=8, ge=1, le=10)
    trial_start: Literal["S0", "sequential"] = "S0"


class ClinicConfig(Section):
    """Who comes."""

    source: str = "generated"
    """`generated`: the toy clinic that the embedded model knows. `library`: the people that the package ships, for real
    models. Anything else: a JSON or JSONL file of own patients."""
    principles: Path | None = None
    """Own behaviour principles, a JSONL file as `mentalarena patients import-principles` writes it."""


class PlayConfig(Section):
    """How much is played, and how."""

    patients: int = Field(default=60, ge=1)
    """Patients an iteration."""
    fresh: bool = True
    """Draw other patients at each iteration (the library's come in another order, a file's again each time)."""
    concurrency: int = Field(default=256, ge=1)
    """Episodes at once; may change between calls."""
    embedder: str = "lexical"
    """`lexical` sees words and needs no download; anything else is a sentence-transformers folder or hub name."""
    threshold_quantile: Annotated[float, Field(gt=0, lt=1)] | Literal["paper"] = 0.95
    """Decoder: the quantile of the null distribution that a component must beat; `paper` is a cosine of 0.9."""


class TrainingConfig(Section):
    """The Model Optimizer: which rows, and how they are learnt (SFT or DPO of an adapter or of every weight; TRL and PEFT)."""

    method: Literal["sft", "dpo"] = "sft"
    """`sft`: the best answers are learnt. `dpo`: the better of two is preferred (pairs of the two diagnoses and of trials that
    scored apart; Rafailov et al. 2023). DPO replays nothing of the verifier."""
    dpo_beta: float = Field(default=0.1, gt=0)
    where: Literal["here", "hosted"] = "here"
    """`hosted`: the provider of an `openai` model trains it (fine-tuning API); LoRA settings are then the provider's own."""
    weights: Literal["lora", "qlora", "full"] = "lora"
    """`lora`: an adapter is learnt. `qlora`: the same on a base in 4 bits (nf4; Dettmers et al. 2023; needs bitsandbytes); it
    plays on the base as it is. `full`: every weight, and what comes of it is a whole checkpoint. `full` wants a smaller
    learning_rate, such as 1e-5."""
    double_quantisation: bool = True
    """For `qlora`: the constants of the quantisation are quantised too."""
    device: Literal["auto", "cpu", "cuda"] = "auto"
    """Where training happens. `auto`: CUDA where torch sees it, else the CPU."""
    dtype: Literal["auto", "float32", "bfloat16"] = "auto"
    """What training computes in. `auto`: bfloat16 on CUDA and for `qlora`, else float32. With `full` the weights themselves stay
    in float32."""
    launcher: str = ""
    """What starts the training's processes, put before `-m mentalarena.training.worker`: such as `accelerate launch
    --num_processes 4` or `accelerate launch --config_file configs/fsdp.yaml`. Unset: one process, on one GPU at most."""
    gradient_checkpointing: bool = False
    """Less memory for more time: activations are computed again on the way back."""
    tensorboard: bool = False
    """Losses also go to iteration-NN/tensorboard (needs tensorboard)."""
    trained: Literal["shared", "therapist", "patient"] = "shared"
    """Who plays with the trained weights, and learns: every role of the therapist's model (the paper's one model), the therapist
    alone (patient and judge stay as they were; no replay is needed), or the patient alone (it learns from its
    own replies; evaluation of therapists then measures what did not change)."""

    input: Literal["therapist", "profile"] = "therapist"
    """A row's input: what the therapist had (dialogue and its own notes), or the full cognitive model (the paper's)."""
    start_from: Literal["base", "previous"] = "base"
    """Each iteration trains a new adapter on the base model, or goes on with the one before."""
    rows: Literal["new", "accumulated"] = "accumulated"
    """Rows of the last play alone, or of all plays so far."""
    min_score: int = Field(default=7, ge=1, le=10)
    """A treatment or medicine whose best trial scored less makes no row. 1: the best is always kept (the paper's)."""
    replay: float = Field(default=6.0, ge=0)
    """Rows of the patient's and judge's own replies, for each row of the therapist: they keep the verifier from eroding."""
    replay_kinds: tuple[Literal["talk", "choice", "outcome", "score"], ...] = Field(
        default=("outcome", "choice", "outcome", "choice", "talk"), min_length=1
    )
    """What is replayed in turn; a kind that stands there twice comes twice as often (dev/LOG.md: what erodes)."""
    rehearsal: int = Field(default=360, ge=0)
    """Further patients who are asked, once, for verdicts (a treatment, a medicine, a choice) by the model before any
    training; replayed too: what a therapist asks is too much alike to keep a verifier."""
    most_rows: int = Field(default=0, ge=0)
    """So many of the therapist's rows are learnt from, at most, drawn by seed from all that a training would have (a smaller
    number's are among a larger one's), and `replay` counts for these. 0: all."""
    warm_start: bool = False
    """Train on the cognitive models before the first play (the paper's patient side: history -> the other components)."""
    epochs: float | tuple[float, ...] = 2.0
    """Of every iteration, or a list: of the first, the second, ...; its last one goes on (the paper's: [4, 5, 7, 7])."""
    learning_rate: float = Field(default=1e-3, gt=0)
    batch_size: int = Field(default=16, ge=1)
    """Rows at once, of all processes together: a multiple of their number. So more processes are faster and learn the same."""
    accumulation: int = Field(default=1, ge=1)
    lora_rank: int = Field(default=32, ge=1)
    lora_alpha: int = Field(default=64, ge=1)
    lora_dropout: float = Field(default=0.0, ge=0, lt=1)
    weight_decay: float = Field(default=0.0, ge=0)
    max_grad_norm: float = Field(default=1.0, gt=0)
    warmup_steps: float = Field(default=0.03, ge=0)
    """A share below 1, or a number of steps."""
    schedule: Literal["constant_with_warmup", "cosine", "linear"] = "cosine"
    optimizer: str = "adamw_torch"
    """A name that transformers knows, such as `paged_adamw_32bit`."""
    max_length: int = Field(default=1024, ge=16)
    """Tokens a row; a longer row is left out and counted, never cut."""
    save_steps: int = Field(default=50, ge=1)
    """Steps between checkpoints, from which a killed training goes on."""

    @field_validator("epochs", mode="before")
    @classmethod
    def _above_zero(cls, told: Any) -> Any:
        numbers = told if isinstance(told, list | tuple) else [told]
        if not numbers or not all(type(number) in (int, float) and number > 0 for number in numbers):
            raise ValueError("expected a number above 0, or a list of them by iteration")
        return told

    def epochs_of(self, iteration: int) -> float:
        """How often the rows of an iteration (from 1) are gone through; a warm start (0) is as long as the first."""
        if isinstance(self.epochs, tuple):
            return self.epochs[min(max(iteration - 1, 0), len(self.epochs) - 1)]
        return self.epochs


class EvaluationConfig(Section):
    """How models are measured, on patients that no row came from."""

    development: int = Field(default=40, ge=1)
    """Patients of the development split, met by each iteration's model; they steer the loop."""
    verifier: int = Field(default=200, ge=2)
    """Patients of the development split by whom each iteration's verdicts are checked."""
    held_out: int = Field(default=64, ge=1)
    """Held-out patients, met once each by base, best and control after the loop has stopped; every look is on record."""
    guided: bool = False
    """Whether the decoder's guidance helps the therapist that is measured. It knows where the gaps are, so by default the
    therapist is alone: it asks as many questions as it would have with guidance, and hears none."""
    samples: int = Field(default=5, ge=1)
    """Answers drawn at temperature 1 where the model cannot tell probabilities."""
    resamples: int = Field(default=9999, ge=99)
    """Of the bootstrap and of the permutation test."""


class BudgetConfig(Section):
    """What a run may spend, over all its calls of the command; 0: no limit. May be raised between calls."""

    calls: int = Field(default=0, ge=0)
    """Requests that a model answered."""
    tokens: int = Field(default=0, ge=0)
    """Prompt and new tokens."""
    cost: float = Field(default=0, ge=0)
    """Money, by `prices`."""


class PriceConfig(Section):
    """Of a model, for a million tokens."""

    prompt: float = Field(ge=0)
    new: float = Field(ge=0)


class LoopConfig(Section):
    """How often, and when to stop."""

    iterations: int = Field(default=2, ge=0)
    """Rounds of play and training, at most; more may be asked for later."""
    patience: int = Field(default=1, ge=1)
    """Stop after this many iterations in a row without a better development score."""
    stopping: Literal["patience", "signals"] = "patience"
    """`patience`: that alone. `signals`: stop also where play has collapsed into itself, and where its rows are hardly new and
    the score did not surely rise (docs/analysis.md). Either way a collapse is told."""
    control: Literal["none", "unselected", "shuffled-labels"] = "unselected"
    """A control arm of one iteration: rows without the patient's choice and any score, or with their answers shuffled."""


class ClusterConfig(Section):
    """Play by many workers at once, in shards (docs/cluster.md): by whom and where, never what. May change between calls."""

    ray: str = ""
    """Unset: this process plays. `local`: Ray's workers on this machine. Anything else: the address of a Ray cluster, such as
    `auto` or `10.0.0.1:6379`."""
    shards: int = Field(default=16, ge=1, le=9999)
    """Parts of an iteration's play, a few times as many as workers; once it has begun in shards, their number stays."""
    workers: int = Field(default=0, ge=0)
    """At once, at most. 0: as many as Ray has room for."""
    cpus: float = Field(default=1.0, ge=0)
    """Cores that a worker takes."""
    gpus: float = Field(default=0.0, ge=0)
    """GPUs that a worker takes, where its model runs in its process."""
    retries: int = Field(default=20, ge=-1)
    """How often a shard is given to another worker when its own was lost; -1: without end."""


class Config(Section):
    """A run."""

    seed: int = 0
    models: RolesConfig = RolesConfig()
    clinic: ClinicConfig = ClinicConfig()
    arena: ArenaConfig = ArenaConfig()
    play: PlayConfig = PlayConfig()
    training: TrainingConfig = TrainingConfig()
    evaluation: EvaluationConfig = EvaluationConfig()
    loop: LoopConfig = LoopConfig()
    cluster: ClusterConfig = ClusterConfig()
    budget: BudgetConfig = BudgetConfig()
    prices: dict[str, PriceConfig] = Field(default_factory=dict)
    """By the name that `models.*.model` has."""
