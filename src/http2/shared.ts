/**
 * What connections have in common that are sent the same and ask for the same.
 *
 * @module
 */
import { DataFrames } from './data-frames.ts';
import { FirstRequests } from './first-requests.ts';

/** Of all connections of one listener. */
export class SharedBytes {
  readonly frames: DataFrames = new DataFrames();
  readonly firsts: FirstRequests = new FirstRequests();
}
