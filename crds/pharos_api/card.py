"""What only a person can say of a model: it stands in the model card of each of its versions.

Everything else in a card is taken from what was measured. Nothing here changes what a model does.
"""

from typing import Annotated

from pydantic import Field, StringConstraints

from pharos_api.meta import Spec

_Words = Annotated[str, StringConstraints(min_length=1, max_length=4096)]
_Name = Annotated[str, StringConstraints(min_length=1, max_length=512)]
Language = Annotated[str, StringConstraints(pattern=r"^[a-z]{2,3}$")]


class CardWords(Spec):
    """A person's part of the card. What is left out is told to be not known.

    ``license`` is an identifier as the Hugging Face hub lists them, such as ``apache-2.0``;
    ``languages`` are ISO 639 codes of the texts, such as ``en``.
    """

    developers: _Name | None = None
    license: _Name | None = None
    languages: list[Language] | None = Field(None, min_length=1, max_length=50)
    intended_use: _Words | None = None
    intended_users: _Words | None = None
    out_of_scope: _Words | None = None
    ethical_considerations: _Words | None = None
    caveats: list[_Words] | None = Field(None, min_length=1, max_length=50)
