/**
 * Where simulated nodes are.
 *
 * The delays between the first five are those that were measured for the design; all others follow
 * from the distance over ground, at the speed of light in fibre on a way that is no straight line.
 *
 * @module
 */

/** Name, latitude and longitude of each place, whole degrees. */
const PLACES: readonly (readonly [string, number, number])[] = [
  ['iad', 39, -77],
  ['fra', 50, 9],
  ['sin', 1, 104],
  ['gru', -23, -46],
  ['syd', -34, 151],
  ['lhr', 51, 0],
  ['cdg', 49, 3],
  ['ams', 52, 5],
  ['dub', 53, -6],
  ['mad', 40, -4],
  ['mxp', 46, 9],
  ['zrh', 47, 9],
  ['arn', 60, 18],
  ['hel', 60, 25],
  ['waw', 52, 21],
  ['vie', 48, 17],
  ['otp', 45, 26],
  ['ath', 38, 24],
  ['ist', 41, 29],
  ['tlv', 32, 35],
  ['bah', 26, 51],
  ['dxb', 25, 55],
  ['jed', 22, 39],
  ['cai', 30, 31],
  ['nbo', -1, 37],
  ['jnb', -26, 28],
  ['cpt', -34, 19],
  ['los', 7, 3],
  ['bom', 19, 73],
  ['hyd', 17, 78],
  ['del', 29, 77],
  ['cgk', -6, 107],
  ['kul', 3, 102],
  ['bkk', 14, 101],
  ['hkg', 22, 114],
  ['tpe', 25, 121],
  ['icn', 37, 126],
  ['nrt', 36, 140],
  ['kix', 34, 135],
  ['mel', -38, 145],
  ['akl', -37, 175],
  ['yul', 45, -74],
  ['cmh', 40, -83],
  ['dfw', 33, -97],
  ['sfo', 38, -122],
  ['pdx', 46, -123],
  ['qro', 21, -100],
  ['bog', 5, -74],
  ['scl', -33, -71],
  ['eze', -35, -59],
];
/** Rows and columns as the first of {@link PLACES}. */
const MEASURED_MS: readonly (readonly number[])[] = [
  [0.4, 45, 112, 60, 100],
  [45, 0.4, 80, 101, 140],
  [112, 80, 0.4, 163, 46],
  [60, 101, 163, 0.4, 160],
  [100, 140, 46, 160, 0.4],
];
const NEAR_MS = 0.4;
const EARTH_RADIUS_KM = 6371;
const FIBRE_KM_PER_MS = 200;
/** How much longer a way is than the straight line: what the measured ones have. */
const DETOUR = 1.4;

/** All regions. */
export const REGIONS: readonly string[] = PLACES.map(([name]) => name);
/** How many of them seeds use: the first ones. */
export const SEED_REGIONS: number = MEASURED_MS.length;
/** One-way delays, milliseconds; rows and columns as in {@link REGIONS}. */
export const DELAYS_MS: readonly (readonly number[])[] = PLACES.map((_, from) =>
  PLACES.map((__, to) => MEASURED_MS[from]?.[to] ?? computedMs(from, to)),
);
/** The longest of the delays that seeds have. */
export const SEED_DELAY_MAX_MS: number = Math.max(...MEASURED_MS.flat());

function computedMs(from: number, to: number): number {
  if (from === to) return NEAR_MS;
  const [[, latA, lonA] = ['', 0, 0], [, latB, lonB] = ['', 0, 0]] = [PLACES[from], PLACES[to]];
  const [a, b, turn] = [radians(latA), radians(latB), radians(lonA - lonB)];
  const cosine = Math.sin(a) * Math.sin(b) + Math.cos(a) * Math.cos(b) * Math.cos(turn);
  const km = EARTH_RADIUS_KM * Math.acos(Math.min(1, cosine));
  return NEAR_MS + Math.round((DETOUR * km) / FIBRE_KM_PER_MS);
}

function radians(degrees: number): number {
  return (degrees * Math.PI) / 180;
}
