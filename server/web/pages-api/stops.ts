// The emergency stop as the pages see it.
import type { Instant } from './wire.ts';

/** Why all work is stopped, where it is. */
export interface Stop {
  reason: string;
  /** What became of runs that were running. */
  running: 'leave' | 'cancel';
  holdsPublishing: boolean;
  stoppedBy: string;
  stoppedAt: Instant;
}
export interface StopState {
  tenant: Stop | null;
  instance: Stop | null;
}
export interface StopInput {
  reason: string;
  running: 'leave' | 'cancel';
  holdPublishing: boolean;
}

export interface FleetApi {
  stopState(): Promise<StopState>;
  stop(input: StopInput): Promise<StopState & { cancelling: number }>;
  resume(): Promise<StopState>;
  /** For the instance operator. */
  stopInstance(input: StopInput): Promise<StopState & { cancelling: number }>;
  resumeInstance(): Promise<StopState>;
}
