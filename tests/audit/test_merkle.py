import hashlib

import pytest

from audit.merkle import (
    EMPTY_ROOT,
    MerkleTree,
    leaf_hash,
    merkle_root,
)

# Test vectors of the Certificate Transparency reference code, sizes 0 to 8.
RECORDS = ["", "00", "10", "2021", "3031", "40414243", "5051525354555657"]
RECORDS.append("606162636465666768696a6b6c6d6e6f")
ROOTS = [
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]


def slow_root(records: list[bytes]) -> str:
    """The recursive definition, word for word."""
    if not records:
        return hashlib.sha256(b"").hexdigest()

    def tree(part: list[bytes]) -> bytes:
        if len(part) == 1:
            return hashlib.sha256(b"\x00" + part[0]).digest()
        k = 1
        while k * 2 < len(part):
            k *= 2
        return hashlib.sha256(b"\x01" + tree(part[:k]) + tree(part[k:])).digest()

    return tree(records).hex()


@pytest.mark.parametrize("size", range(9))
def test_roots_are_those_of_the_reference_code(size: int) -> None:
    assert merkle_root(bytes.fromhex(record) for record in RECORDS[:size]) == ROOTS[size]


def test_grown_tree_has_the_root_of_the_definition_at_every_size() -> None:
    tree = MerkleTree()
    records: list[bytes] = []
    assert tree.root() == EMPTY_ROOT
    for n in range(70):
        records.append(str(n).encode())
        tree.append(leaf_hash(records[-1]))
        assert tree.root() == slow_root(records)
        assert len(tree.peaks) == bin(tree.size).count("1")
