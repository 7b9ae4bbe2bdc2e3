"""The contracts that a component must keep for kspec to work with it, as tests for the authors of plug-ins.

    import pytest
    from kspec import testing
    from noise import COMPONENTS

    @pytest.mark.parametrize("contract", testing.contracts(COMPONENTS), ids=str)
    def test_contract(contract):
        contract()

A contract is called without arguments and raises `Broken`, an AssertionError that says what is wrong; pytest is not
needed. `RULES` lists them by kind. The same contracts run over everything that comes with kspec.
"""

from kspec.testing.contracts import RULES, Contract, check_component, contracts
from kspec.testing.example import Example
from kspec.testing.subject import Broken

__all__ = ["RULES", "Broken", "Contract", "Example", "check_component", "contracts"]
