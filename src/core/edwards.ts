/**
 * Which 32 bytes are a usable Ed25519 public key, by arithmetic alone.
 *
 * Node 20 and 22 import small-order and non-canonical points, and OpenSSL then accepts signatures
 * that nobody made: for a small-order key one signature fits many messages. A point `(x, y)` of
 * `-x² + y² = 1 + d·x²·y²` (RFC 8032 section 5.1) has an order that divides 8 exactly when
 * `y = 0`, `y² = 1`, or twice the point has `y = 0`, which is `d·y⁴ + 2·y² - 1 = 0`. So `y`
 * decides, without knowing `x`. Spec section 2.
 *
 * @module
 */
import { KedgeError } from './errors.ts';

const P = 2n ** 255n - 19n;
// -121665 / 121666 mod P (RFC 8032 section 5.1).
const D = 37095705934669439343138083508754565189542113879843219016388785533085940283555n;
const SIGN_BIT = 2n ** 255n;

/**
 * Checks the encoding of a public key, 32 bytes. Errors: `KEY` (non-canonical, of small order, or
 * not on the curve). Rules KEY-4 to KEY-6.
 */
export function requireEdwardsPoint(encoded: Uint8Array): void {
  const y = littleEndian(encoded) % SIGN_BIT;
  if (y >= P) throw refused('is not canonical: y is not below 2^255 - 19');
  const y2 = (y * y) % P;
  const isSmallOrder = y === 0n || y2 === 1n || (D * y2 * y2 + 2n * y2 - 1n) % P === 0n;
  if (isSmallOrder) throw refused('has small order: anybody could sign for it');
  // x² = (y² - 1) / (d·y² + 1) has a root exactly when numerator times denominator has one.
  const product = ((y2 + P - 1n) * (D * y2 + 1n)) % P;
  if (!isSquare(product)) throw refused('is not a point of the curve');
}

function littleEndian(bytes: Uint8Array): bigint {
  let hex = '';
  for (const byte of bytes.toReversed()) hex += byte.toString(16).padStart(2, '0');
  return BigInt(`0x${hex}`);
}

/** Euler's criterion: `value^((P - 1) / 2)` is 1 for a non-zero square. */
function isSquare(value: bigint): boolean {
  let power = 1n;
  let base = value;
  for (let exponent = (P - 1n) / 2n; exponent > 0n; exponent >>= 1n) {
    if ((exponent & 1n) === 1n) power = (power * base) % P;
    base = (base * base) % P;
  }
  return power === 1n;
}

function refused(why: string): KedgeError {
  return new KedgeError('KEY', `the Ed25519 public key ${why}`);
}
