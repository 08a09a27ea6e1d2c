/**
 * The names and times of every rehearsal's realm.
 *
 * @module
 */

/** The bundle that all runbooks are about. */
export const BUNDLE = 'payments.rehearsal.example.org';
export const REALM = 'rehearsal.example.org';
/** One node each. */
export const REGIONS = ['iad', 'fra', 'sin'] as const;
/** Times of the charter: short, because a rehearsal is not to take a day. */
export const HOLD_DOWN_S = 3;
export const OVERLAP_S = 3;
/** Of all key files. */
export const PASSPHRASE = 'only for a rehearsal';
/** The least that `kedge` takes: guessing is no danger here. */
export const CHEAP_KEYS = ['--scrypt-work-factor', '10'] as const;
