"""Phases for magnitudes: phase gradient heap integration (Prusa, Balazs, Sondergaard 2017)."""
import numba
import numpy as np

#: gamma/N^2 of the Gaussian that stands for a Hann window of N samples (Prusa et al.).
HANN_GAMMA = 0.25645


@numba.njit(cache=True)
def _push(levels, heap, count, item):
    child = count
    while child > 0:
        parent = (child - 1) // 2
        other = heap[parent]
        if levels[other] > levels[item] or (levels[other] == levels[item] and other < item):
            break
        heap[child] = other
        child = parent
    heap[child] = item


@numba.njit(cache=True)
def _sink(levels, heap, count, item):
    """Places `item` at the root of a heap of `count` others and itself, and moves it down."""
    place = 0
    while True:
        child = 2 * place + 1
        if child >= count:
            break
        if child + 1 < count:
            a, b = heap[child], heap[child + 1]
            if levels[b] > levels[a] or (levels[b] == levels[a] and b < a):
                child += 1
        other = heap[child]
        if levels[item] > levels[other] or (levels[item] == levels[other] and item < other):
            break
        heap[place] = other
        place = child
    heap[place] = item


@numba.njit(cache=True)
def _integrate(logs, in_time, in_frequency, known, phase):
    """Offline heap integration over all bins whose `known` is 0 (1: phase given, 2: left out)."""
    frames, bins = logs.shape
    levels, along, across = logs.ravel(), in_time.ravel(), in_frequency.ravel()
    state, out = known.ravel(), phase.ravel()
    heap = np.empty(levels.size, np.int64)
    count = 0
    for i in range(levels.size):
        if state[i] == 1:
            _push(levels, heap, count, i)
            count += 1
    order = np.argsort(-levels, kind="mergesort")
    start = 0
    while True:
        if count == 0:
            while start < order.size and state[order[start]] != 0:
                start += 1
            if start == order.size:
                break
            seed = order[start]
            out[seed] = 0
            state[seed] = 1
            heap[0] = seed
            count = 1
        while count > 0:
            i = heap[0]
            count -= 1
            if count > 0:
                _sink(levels, heap, count, heap[count])
            k = i % bins
            if i + bins < levels.size and state[i + bins] == 0:
                n = i + bins
                out[n] = out[i] + 0.5 * (along[i] + along[n])
                state[n] = 1
                _push(levels, heap, count, n)
                count += 1
            if i >= bins and state[i - bins] == 0:
                n = i - bins
                out[n] = out[i] - 0.5 * (along[i] + along[n])
                state[n] = 1
                _push(levels, heap, count, n)
                count += 1
            if k + 1 < bins and state[i + 1] == 0:
                n = i + 1
                out[n] = out[i] + 0.5 * (across[i] + across[n])
                state[n] = 1
                _push(levels, heap, count, n)
                count += 1
            if k > 0 and state[i - 1] == 0:
                n = i - 1
                out[n] = out[i] - 0.5 * (across[i] + across[n])
                state[n] = 1
                _push(levels, heap, count, n)
                count += 1


def gradients(logs, size, hop):
    """Phase advances float64 [J, bins] per hop and per bin of log magnitudes [J, bins]."""
    bin_index = np.arange(logs.shape[1])
    in_frequency, in_time = np.zeros(logs.shape), np.zeros(logs.shape)
    in_frequency[:, 1:-1] = 0.5 * (logs[:, 2:] - logs[:, :-2])
    in_time[1:-1] = 0.5 * (logs[2:] - logs[:-2])
    ratio = hop / (HANN_GAMMA * size)
    return ratio * in_frequency + 2 * np.pi * hop / size * bin_index, -in_time / ratio - np.pi


def integrated_phase(magnitudes, size, hop, tolerance=1e-6, known=None, phase=None):
    """Phases float64 [J, bins] whose gradients are those of the magnitudes, from the loudest bin outwards."""
    logs = np.log(np.maximum(magnitudes.astype(np.float64), 1e-9))
    along, across = gradients(logs, size, hop)
    state = np.where(logs > np.log(tolerance) + logs.max(), 0, 2).astype(np.uint8)
    out = np.zeros(logs.shape) if phase is None else phase.astype(np.float64)
    if known is not None:
        state[known & (state == 0)] = 1
    _integrate(logs, along, across, state, out)
    return out % (2 * np.pi)
