"""Phases for magnitudes: phase gradient heap integration (Prusa, Balazs, Sondergaard 2017)."""
import numba
import numpy as np

#: gamma/N^2 of the Gaussian that stands for a Hann window of N samples (Prusa et al.).
HANN_GAMMA = 0.25645
#: Magnitudes below this part of the largest keep phase 0.
TOLERANCE = 1e-6
#: Bins whose peaks advance by their interpolated frequency.
LOWEST_BINS = 6


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
def _integrate(logs, in_time, in_frequency, done, phase):
    """Integrates over all bins [J, bins] that are not `done`; of equal magnitudes the one with the lower index is taken first."""
    frames, bins = logs.shape
    levels, along, across = logs.ravel(), in_time.ravel(), in_frequency.ravel()
    state, out = done.ravel(), phase.ravel()
    heap = np.empty(levels.size, np.int64)
    order = np.argsort(-levels, kind="mergesort")
    steps = (bins, -bins, 1, -1)
    for seed in order:
        if state[seed]:
            continue
        state[seed] = 1
        heap[0], count = seed, 1
        while count > 0:
            i = heap[0]
            count -= 1
            if count > 0:
                _sink(levels, heap, count, heap[count])
            k = i % bins
            for direction in range(4):
                n = i + steps[direction]
                if n < 0 or n >= levels.size or (direction == 2 and k == bins - 1) or (direction == 3 and k == 0) or state[n]:
                    continue
                slope = along[i] + along[n] if direction < 2 else across[i] + across[n]
                out[n] = out[i] + (0.5 * slope if direction % 2 == 0 else -0.5 * slope)
                state[n] = 1
                _push(levels, heap, count, n)
                count += 1


@numba.njit(cache=True)
def peak_frequency(m, peak):
    """Frequency in bins of a local maximum: the ratio of the two highest bins of a Hann window's main lobe gives it exactly."""
    ratio = max(m[peak - 1], m[peak + 1]) / m[peak]
    offset = min(max((2 * ratio - 1) / (ratio + 1), -0.5), 0.5)
    return peak - offset if m[peak + 1] < m[peak - 1] else peak + offset


def gradients(magnitudes, logs, size, hop):
    """Phase advances float64 [J, bins] per hop and per bin of magnitudes and their logarithms [J, bins]."""
    bin_index = np.arange(logs.shape[1])
    in_frequency, in_time = np.zeros(logs.shape), np.zeros(logs.shape)
    in_frequency[:, 1:-1] = 0.5 * (logs[:, 2:] - logs[:, :-2])
    in_time[1:-1] = 0.5 * (logs[2:] - logs[:-2])
    ratio = hop / (HANN_GAMMA * size)
    along = ratio * in_frequency + 2 * np.pi * hop / size * bin_index
    _set_lowest(magnitudes, along, 2 * np.pi * hop / size)
    return along, -in_time / ratio - np.pi


@numba.njit(cache=True)
def _set_lowest(magnitudes, along, advance):
    """Peaks below LOWEST_BINS and the bins beside them advance by the peak's own frequency.

    The Gaussian's slope is off by about a hundredth of a bin, which down there is 10 cents.
    """
    for j in range(len(magnitudes)):
        m = magnitudes[j]
        for k in range(1, LOWEST_BINS):
            if m[k] > m[k - 1] and m[k] >= m[k + 1]:
                along[j, k - 1:k + 2] = advance * peak_frequency(m, k)


def integrated_phase(magnitudes, size, hop):
    """Phases float64 [J, bins] whose gradients are those of the magnitudes, from the loudest bin outwards (step 2 of `spectral`)."""
    logs = np.log(np.maximum(magnitudes.astype(np.float64), 1e-9))
    magnitudes = magnitudes.astype(np.float64)
    along, across = gradients(magnitudes, logs, size, hop)
    out = np.zeros(logs.shape)
    _integrate(logs, along, across, (logs <= np.log(TOLERANCE) + logs.max()).astype(np.uint8), out)
    return out % (2 * np.pi)


#: Phases that bins start with are multiples of this part of a turn, so that no two neighbours start together.
GOLDEN_TURN = 0.6180339887498949


def tracked_phase(magnitudes, size, hop, low=None, shared=None):
    """Phases float64 [J, bins] that follow the spectral peaks from frame to frame (step 3 of `spectral`).

    `low` are phases [J, bins] of a spectrogram of twice the window, which peaks between the two bins `shared` take over.
    """
    first, last = shared or (0, -1)
    return _track(magnitudes.astype(np.float64), 2 * np.pi * hop / size, np.zeros((1, 1)) if low is None else low, first, last)


@numba.njit(cache=True)
def _track(magnitudes, advance, low, first, last):
    frames, bins = magnitudes.shape
    out = np.zeros((frames, bins))
    phase = np.empty(bins)
    frequency = np.empty(bins)
    for k in range(bins):
        phase[k] = 2 * np.pi * ((k * GOLDEN_TURN) % 1.0)
        frequency[k] = k
    new_phase, new_frequency = phase.copy(), frequency.copy()
    peaks = np.empty(bins, np.int64)
    for j in range(frames):
        m = magnitudes[j]
        count = 0
        for k in range(1, bins - 1):
            if m[k] > m[k - 1] and m[k] >= m[k + 1]:
                peaks[count] = k
                count += 1
        for i in range(count):
            peak = peaks[i]
            at = peak_frequency(m, peak)
            mean = 0.5 * (at + frequency[peak]) if abs(at - frequency[peak]) < 1.5 else at
            moved = phase[peak] + advance * mean
            if first <= at <= last:
                twin = int(np.floor(2 * at + 0.5))
                moved = low[j, twin] + np.pi * (twin - peak)
            start = 0 if i == 0 else (peaks[i - 1] + peak) // 2 + 1
            end = bins - 1 if i == count - 1 else (peak + peaks[i + 1]) // 2
            for k in range(start, end + 1):
                new_phase[k] = (moved + np.pi * (k - peak)) % (2 * np.pi)
                new_frequency[k] = at
        if count:
            phase[:] = new_phase
            frequency[:] = new_frequency
        out[j] = phase
    return out
