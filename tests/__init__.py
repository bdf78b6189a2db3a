"""Tests of tickwright; ``tests.reference`` is the slow decoder that the others compare with."""
