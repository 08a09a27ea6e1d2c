/**
 * What the demonstration measured, in the form that `--json` prints.
 *
 * @module
 */
import type { PublishTimes } from './publishing.ts';

/** The last line of `npm start -- --once --json`. */
export interface DemoResult {
  readonly regions: number;
  readonly nodes: number;
  /** Anchors of `public-web` that a program loaded. */
  readonly publicAnchors: number;
  readonly requests: number;
  readonly failedRequests: number;
  /** How often a TLS program ended that should not have. */
  readonly restarts: number;
  /** The slowest release of the rotation, among those published while all nodes were up. */
  readonly publishToLastNodeMs: number;
  readonly publishToLastClientMs: number;
  readonly oldLeafRefused: boolean;
  readonly oldSessionRefused: boolean;
}

/** The slowest of several releases. */
export function slowest(times: readonly PublishTimes[]): {
  readonly publishToLastNodeMs: number;
  readonly publishToLastClientMs: number;
} {
  return {
    publishToLastNodeMs: rounded(Math.max(...times.map(({ lastNodeMs }) => lastNodeMs))),
    publishToLastClientMs: rounded(Math.max(...times.map(({ lastClientMs }) => lastClientMs))),
  };
}

/** Says whether everything was as it must be. */
export function isGood(result: DemoResult): boolean {
  return (
    result.failedRequests === 0 &&
    result.restarts === 0 &&
    result.requests > 0 &&
    result.oldLeafRefused &&
    result.oldSessionRefused
  );
}

/** Milliseconds with one decimal. */
function rounded(ms: number): number {
  return Math.round(ms * 10) / 10;
}
