/**
 * When a fix's neighbours disprove it. Metres, seconds and metres per second; where no source is named,
 * the value was set on simulated days with injected faults (`npm run bench -- filters` shows what each
 * gives up).
 */
export const filterPolicy = {
  /**
   * Beyond what a van drives: the fastest large vans are limited or run out of power below 50 m/s
   * (180 km/h). Traccar's `filter.maxSpeed` is off by default and asks for a value by trial.
   */
  speedMax: 50,
  /** Two honest fixes may differ so far by noise alone: ten sigma of an ordinary receiver (4.8 m an axis). */
  noise: 50,
  /**
   * A place the vehicle cannot have reached is believed after so many fixes that agree with one another
   * over so long, or as long as the place before was believed, whichever is shorter.
   */
  resyncCount: 10,
  resyncSeconds: 60,
  /** The same where the place is the mirror image of where the vehicle was: a lost sign lasts. */
  flipSeconds: 21_600,
  /** What a receiver without `accuracy` is taken for: 4.8 m an axis, as measured (Kubicka et al., 98 tracks). */
  accuracy: 4.8,
  /** A spike lies off its neighbours' motion by this and twice what the receiver says of itself … */
  spikeMetres: 30,
  /** … and by what unseen braking and pulling away (m/s²) and unseen bends (share of the way) may add. */
  acceleration: 1.5,
  bend: 0.1,
  /** Nobody knows how fast the vehicle was: what it may have done between two fixes. */
  speedUnknown: 30,
  /** The metres that neighbours of a spike may disagree by, as a share of its height. */
  spikeRest: 0.6,
  /** Exactly the same position again is no new measurement when the vehicle moved so far by its own speed. */
  staleMetres: 3,
  staleSpeed: 1.5,
  /**
   * A van whose ignition is off wanders off by more than this, and by more than four times what its
   * receiver says of itself.
   */
  driftMetres: 45,
  driftAccuracy: 4,
  /** After so long without a fix it may have been driven to the next door. */
  driftSeconds: 15,
  /** Sequence numbers that may be missing between neighbours in time. */
  seqGap: 5,
  /** A device that counts in less than this share of its shortest period of late does not: another clock speaks. */
  seqHurry: 0.5,
  /** A count that falls back to this or less began anew. */
  seqAnew: 20,
  /** A count that does not fit is believed after so many fixes that follow one another. */
  strayCount: 6,
} as const;
