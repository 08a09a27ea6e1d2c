/**
 * How the keys of labels are written with which programs say where and what they are.
 *
 * @module
 */

/** A label's key; `core/limits.ts` bounds its length. */
export const LABEL_KEY: RegExp = /^[A-Za-z0-9][A-Za-z0-9._/-]*$/;
