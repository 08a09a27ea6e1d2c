/**
 * Ids of simulated stores.
 *
 * @module
 */

/** The id of a store by its number. */
export function storeIdOf(number: number): string {
  return number.toString(16).padStart(32, '0');
}
