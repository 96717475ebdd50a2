import type { Fence } from '../../schemas/fence.ts';
import type { Points } from './streams.ts';

export type PeerRun = {
  /** Pairs of a point and a fence that holds it. */
  readonly hits: number;
  readonly ms: number;
};

/** Another program that tells which fences hold a point, given its best. */
export type FencePeer = AsyncDisposable & {
  readonly prepare: (fences: readonly Fence[]) => Promise<void>;
  readonly count: (points: Points) => Promise<PeerRun>;
};
