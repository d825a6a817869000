# cython: language_level=3, boundscheck=False, wraparound=False, initializedcheck=False
"""Text ids to positions: the table of ids, and the walk over Python sequences of them.

Owns IdTable (ids seen, each with its position) and `encode_sequences`, the one place where Python
objects are walked. Knows nothing of files, columns and sessions. Loops over arrays release the GIL.
"""

import numpy as np

from cpython.unicode cimport PyUnicode_AsUTF8AndSize
from libc.stdint cimport int32_t, int64_t, uint8_t, uint32_t, uint64_t, uintptr_t
from libc.string cimport memcmp, memcpy
from libcpp.vector cimport vector

cdef enum:
    UNKNOWN = -1
    MISSING = -2

cdef extern from *:
    """
    #if defined(__GNUC__)
    #define LIKEWISE_PREFETCH(address) __builtin_prefetch(address)
    #else
    #define LIKEWISE_PREFETCH(address) ((void)(address))
    #endif
    """
    void prefetch "LIKEWISE_PREFETCH"(const void* address) noexcept nogil

# Codes of IdTable.encode and encode_sequences that are no positions.
UNKNOWN_ID = UNKNOWN
MISSING_ID = MISSING


cdef inline uint64_t hash_bytes(const uint8_t* data, int64_t length) noexcept nogil:
    """Eight bytes at a time: xor, multiply, fold (the finishing step of MurmurHash3)."""
    cdef uint64_t h = <uint64_t>length * <uint64_t>0x9E3779B97F4A7C15
    cdef uint64_t word
    cdef int64_t at = 0
    while at + 8 <= length:
        memcpy(&word, data + at, 8)
        h = (h ^ word) * <uint64_t>0xFF51AFD7ED558CCD
        h ^= h >> 32
        at += 8
    if at < length:
        word = 0
        memcpy(&word, data + at, <size_t>(length - at))
        h = (h ^ word) * <uint64_t>0xFF51AFD7ED558CCD
        h ^= h >> 32
    h *= <uint64_t>0xC4CEB9FE1A85EC53
    return h ^ (h >> 33)


cdef class IdTable:
    """Distinct ids as UTF-8, each with its position in order of insertion.

    Once its texts have been lent to an array, nothing can be inserted any more.

    Open addressing in 2^b slots: one holds position + 1 in its b lower bits, and in the others some
    of the hash, so that most misses are told without touching the text. Reading from several
    threads at once is safe, inserting is not.
    """

    cdef vector[uint8_t] text
    cdef vector[int64_t] starts
    cdef vector[uint32_t] slots
    cdef uint64_t mask
    cdef bint lent

    def __cinit__(self):
        self.text.reserve(64)  # an address even when no text follows
        self.starts.push_back(0)
        self.slots.assign(64, 0)
        self.mask = 63

    def __len__(self):
        return <int64_t>self.starts.size() - 1

    cdef int32_t find(self, const uint8_t* data, int64_t length, uint64_t h) noexcept nogil:
        cdef uint64_t at = h & self.mask
        cdef uint32_t low = <uint32_t>self.mask
        cdef uint32_t tag = <uint32_t>(h >> 32) & ~low
        cdef uint32_t slot
        cdef int64_t key, start
        while True:
            slot = self.slots[at]
            if slot == 0:
                return UNKNOWN
            if (slot & ~low) == tag:
                key = <int64_t>(slot & low) - 1
                start = self.starts[key]
                if self.starts[key + 1] - start == length and (
                    memcmp(self.text.data() + start, data, <size_t>length) == 0
                ):
                    return <int32_t>key
            at = (at + 1) & self.mask

    cdef int32_t add(self, const uint8_t* data, int64_t length, uint64_t h) except? -1 nogil:
        """Append an id that is not there yet."""
        cdef int64_t key = <int64_t>self.starts.size() - 1
        if self.lent:
            with gil:
                raise RuntimeError("texts of the table are lent: nothing can be inserted")
        if key >= 2147483646:
            with gil:
                raise OverflowError("more than 2,147,483,646 distinct ids")
        if <uint64_t>(2 * (key + 1)) > self.mask:
            self.grow()
        self.text.insert(self.text.end(), data, data + length)
        self.starts.push_back(<int64_t>self.text.size())
        self.place(h, key)
        return <int32_t>key

    cdef void place(self, uint64_t h, int64_t key) noexcept nogil:
        cdef uint64_t at = h & self.mask
        cdef uint32_t low = <uint32_t>self.mask
        while self.slots[at] != 0:
            at = (at + 1) & self.mask
        self.slots[at] = (<uint32_t>(h >> 32) & ~low) | <uint32_t>(key + 1)

    cdef int grow(self) except -1 nogil:
        cdef uint64_t size = 2 * (self.mask + 1)
        cdef int64_t key, start
        self.slots.assign(size, 0)
        self.mask = size - 1
        for key in range(<int64_t>self.starts.size() - 1):
            start = self.starts[key]
            self.place(
                hash_bytes(self.text.data() + start, self.starts[key + 1] - start), key
            )
        return 0

    def encode(
        self,
        const int64_t[::1] offsets not None,
        const uint8_t[::1] data not None,
        const uint8_t[::1] nulls,
        bint insert,
    ):
        """Return positions, int32 (n,), of n texts in Arrow's layout.

        A null or empty text is MISSING_ID. One that is not in the table is inserted, or
        UNKNOWN_ID when `insert` is False.
        """
        cdef int64_t n = offsets.shape[0] - 1
        codes = np.empty(n, dtype=np.int32)
        cdef int32_t[::1] out = codes
        cdef const uint8_t* base = &data[0] if data.shape[0] else NULL
        cdef const uint8_t* here
        cdef bint some_null = nulls is not None
        cdef int64_t i, first, end, length
        cdef int32_t code
        cdef uint64_t hashes[64]
        with nogil:
            # By blocks: hash all, fetch the slots, then look. Ids in no order would otherwise
            # wait for memory one after the other.
            for first in range(0, n, 64):
                end = min(n, first + 64)
                for i in range(first, end):
                    length = offsets[i + 1] - offsets[i]
                    if length <= 0 or (some_null and nulls[i]):
                        continue
                    hashes[i - first] = hash_bytes(base + offsets[i], length)
                    prefetch(&self.slots[hashes[i - first] & self.mask])
                for i in range(first, end):
                    length = offsets[i + 1] - offsets[i]
                    if length <= 0 or (some_null and nulls[i]):
                        continue
                    code = <int32_t>(self.slots[hashes[i - first] & self.mask] & self.mask) - 1
                    if code >= 0:
                        prefetch(&self.starts[code])
                for i in range(first, end):
                    length = offsets[i + 1] - offsets[i]
                    if length <= 0 or (some_null and nulls[i]):
                        out[i] = MISSING
                        continue
                    code = self.find(base + offsets[i], length, hashes[i - first])
                    if code == UNKNOWN and insert:
                        code = self.add(base + offsets[i], length, hashes[i - first])
                    out[i] = code
        return codes

    def lend(self):
        """Addresses and bytes of the ids' offsets (int64, n + 1) and of their text.

        They hold as long as the table does: from now on it takes no more ids.
        """
        self.lent = True
        return (
            (<uintptr_t>self.starts.data(), <int64_t>(self.starts.size() * sizeof(int64_t))),
            (<uintptr_t>self.text.data(), <int64_t>self.text.size()),
        )

    cdef int32_t code_of(self, object text, bint insert) except? -1:
        cdef Py_ssize_t length
        cdef const char* data = PyUnicode_AsUTF8AndSize(text, &length)
        if length == 0:
            return MISSING
        cdef uint64_t h = hash_bytes(<const uint8_t*>data, length)
        cdef int32_t code = self.find(<const uint8_t*>data, length, h)
        if code == UNKNOWN and insert:
            code = self.add(<const uint8_t*>data, length, h)
        return code

    def position(self, str text not None):
        """Return the position of one id, or UNKNOWN_ID."""
        cdef int32_t code = self.code_of(text, False)
        return UNKNOWN if code == MISSING else code


def encode_sequences(object sequences, IdTable table not None, bint insert, object to_text):
    """Walk an iterable of iterables of ids.

    Parameters
    ----------
    sequences : iterable of iterables
        Ids are str; anything else goes through `to_text`.
    table : IdTable
    insert : bool
        Whether unknown ids are added to the table.
    to_text : callable
        Makes a str, or None for a missing one, of an id that is not a str.

    Returns
    -------
    codes : int32 (n_events,)
        Positions in the table, MISSING_ID or UNKNOWN_ID.
    offsets : int64 (n_sequences + 1,)

    Raises
    ------
    TypeError
        For a sequence that cannot be walked; the message begins with its place.
    """
    cdef vector[int32_t] codes
    cdef vector[int64_t] offsets
    cdef int64_t number = 0
    offsets.push_back(0)
    for sequence in sequences:
        if isinstance(sequence, (str, bytes, bytearray, dict)):
            raise TypeError(f"[{number}] must be a sequence of item ids, got {type(sequence).__name__}")
        if isinstance(sequence, np.ndarray):
            sequence = sequence.tolist()
        try:
            walk = iter(sequence)
        except TypeError:
            raise TypeError(
                f"[{number}] must be a sequence of item ids, got {type(sequence).__name__}"
            ) from None
        for value in walk:
            if type(value) is not str:
                value = to_text(value, number)
                if value is None:
                    codes.push_back(MISSING)
                    continue
            codes.push_back(table.code_of(value, insert))
        offsets.push_back(<int64_t>codes.size())
        number += 1
    flat = np.empty(codes.size(), dtype=np.int32)
    ends = np.empty(offsets.size(), dtype=np.int64)
    cdef int32_t[::1] to_flat = flat
    cdef int64_t[::1] to_ends = ends
    if codes.size():
        memcpy(&to_flat[0], codes.data(), codes.size() * sizeof(int32_t))
    memcpy(&to_ends[0], offsets.data(), offsets.size() * sizeof(int64_t))
    return flat, ends
