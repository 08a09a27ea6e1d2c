/**
 * The faults of a simulation as plain records, and how a seed chooses them.
 *
 * Each fault draws from its own numbers, so that a list with one taken out means the same for all
 * others. Times are milliseconds from the start of the seed.
 *
 * @module
 */
import { Draws } from '../world/prf.ts';

/** From when to when. */
interface Window {
  readonly fromMs: number;
  readonly untilMs: number;
}

/** What happens to single frames. */
export type FrameFault = 'drop' | 'reset' | 'half-open' | 'flip' | 'duplicate' | 'delay' | 'loss';
/** What a lying peer does. */
export type ByzantineFault =
  | 'forge'
  | 'strip-signatures'
  | 'replay'
  | 'equivocate'
  | 'lie'
  | 'flood'
  | 'oversize'
  | 'bad-fetch'
  | 'invent';

/** One fault. */
export type Fault = { readonly id: number } & (
  | (Window & {
      readonly kind: 'cut';
      /** The hosts on one side. */
      readonly hosts: readonly number[];
      /** Which way nothing passes, seen from `hosts`. */
      readonly way: 'both' | 'out' | 'in';
      /** Cut and whole in turns of this length; 0: cut all the time. */
      readonly flapMs: number;
    })
  | (Window & {
      readonly kind: 'crash';
      readonly host: number;
      /** `writing`: while a write is under way. `power`: peers are not told. */
      readonly how: 'process' | 'writing' | 'power';
    })
  | { readonly kind: 'gone'; readonly host: number; readonly fromMs: number }
  | { readonly kind: 'rolling'; readonly fromMs: number; readonly everyMs: number }
  | (Window & {
      readonly kind: 'disk';
      readonly host: number;
      readonly how: 'fails' | 'fails-persisted' | 'slow';
      readonly rate: number;
    })
  | (Window & {
      readonly kind: 'frames';
      readonly what: FrameFault;
      /** Frames from this host; -1: from every one. */
      readonly host: number;
      readonly rate: number;
    })
  | (Window & { readonly kind: 'slow'; readonly host: number })
  | (Window & { readonly kind: 'pause'; readonly host: number })
  | (Window & { readonly kind: 'clock'; readonly host: number; readonly byMs: number })
  | (Window & {
      readonly kind: 'backup';
      readonly host: number;
      /** Absent: by chance. */
      readonly what?: 'copy-restored';
    })
  | (Window & { readonly kind: 'clone'; readonly host: number })
  | { readonly kind: 'newer-version'; readonly host: number }
  | (Window & {
      readonly kind: 'dials';
      readonly what: 'refused' | 'lost' | 'slow';
      readonly rate: number;
    })
  | { readonly kind: 'byzantine'; readonly host: number; readonly what: ByzantineFault }
  | { readonly kind: 'equivocation'; readonly fromMs: number; readonly host: number }
);

/** What faults are chosen for. */
export interface FaultScope {
  /** `long`: faults pass long before the seed is over. */
  readonly profile: 'dense' | 'long' | 'copied';
  readonly hosts: number;
  /** The region of each host. */
  readonly regions: readonly number[];
  /** All faults but lying peers end by then. */
  readonly healAtMs: number;
  /** Hosts that may lie; the others are honest. */
  readonly liars: readonly number[];
}

type Kind = Fault['kind'];

/** How often each kind comes up, relative to the others. */
const WEIGHTS: Readonly<Record<Kind, number>> = {
  cut: 5,
  crash: 5,
  gone: 1,
  rolling: 1,
  disk: 4,
  frames: 5,
  slow: 1,
  pause: 2,
  clock: 2,
  backup: 2,
  clone: 1,
  'newer-version': 1,
  dials: 2,
  byzantine: 4,
  equivocation: 2,
};
const FRAME_FAULTS: readonly FrameFault[] = [
  'drop',
  'reset',
  'half-open',
  'flip',
  'duplicate',
  'delay',
  'loss',
];
const BYZANTINE_FAULTS: readonly ByzantineFault[] = [
  'forge',
  'strip-signatures',
  'replay',
  'equivocate',
  'lie',
  'flood',
  'oversize',
  'bad-fetch',
  'invent',
];
const DAY_MS = 86_400_000;
const PAUSE_MS = 5000;
/** How long faults last in a long life: as many for 1 to 2 seconds as for 1 to 2 hours. */
const SHORT_MS = { min: 1000, max: 2 * 3_600_000 };

/** Chooses fault number `id` of a seed. */
export function chooseFault(seed: number, id: number, scope: FaultScope): Fault {
  const draws = new Draws(seed, 'faults', id);
  const kind = chooseKind(draws, scope);
  const host = chooseHost(draws, kind, scope);
  const { fromMs, untilMs } =
    scope.profile === 'long' ? chooseShort(draws, scope) : chooseWindow(draws, scope);
  const window = { id, fromMs, untilMs };
  const rate = 10 ** draws.between(-2.5, -0.3);
  switch (kind) {
    case 'cut':
      return cut(draws, scope, window);
    case 'crash':
      return { ...window, kind, host, how: draws.pick(['process', 'writing', 'writing', 'power']) };
    case 'gone':
      return { id, kind, host, fromMs };
    case 'rolling':
      return { id, kind, fromMs, everyMs: Math.round(draws.between(500, 5000)) };
    case 'disk':
      return { ...window, kind, host, how: draws.pick(['fails', 'fails-persisted', 'slow']), rate };
    case 'frames': {
      const from = draws.chance(0.5) ? host : -1;
      return { ...window, kind, what: draws.pick(FRAME_FAULTS), host: from, rate: rate / 3 };
    }
    case 'slow':
    case 'backup':
    case 'clone':
      return { ...window, kind, host };
    case 'pause':
      return { id, kind, host, fromMs, untilMs: Math.min(fromMs + PAUSE_MS, scope.healAtMs) };
    case 'clock':
      return { ...window, kind, host, byMs: draws.pick([-DAY_MS, DAY_MS]) };
    case 'newer-version':
      return { id, kind, host };
    case 'dials':
      return { ...window, kind, what: draws.pick(['refused', 'lost', 'slow']), rate };
    case 'byzantine':
      return { id, kind, host, what: draws.pick(BYZANTINE_FAULTS) };
    case 'equivocation':
      return { id, kind, fromMs, host };
  }
}

/** What comes back in place of a store: nothing, a copy, or one that looks like the store. */
export function backupKind(
  { host, what }: Pick<Extract<Fault, { readonly kind: 'backup' }>, 'host' | 'what'>,
  share: number,
): 'store-lost' | 'backup-restored' | 'copy-restored' {
  if (what !== undefined) return what;
  if (host > 1 && share < 0.3) return 'store-lost';
  return share < 0.6 ? 'backup-restored' : 'copy-restored';
}

/** Says in one line what a fault is. */
export function faultText(fault: Fault): string {
  const parts = Object.entries(fault)
    .filter(([key]) => key !== 'id' && key !== 'kind')
    .map(([key, value]) => `${key}=${typeof value === 'number' ? round(value) : String(value)}`);
  return `#${fault.id} ${fault.kind} ${parts.join(' ')}`;
}

/** Many last to the end, so that healing has something to heal. */
function chooseWindow(draws: Draws, { healAtMs }: FaultScope): Window {
  const fromMs = Math.round(draws.between(0, 0.8 * healAtMs));
  const ends = draws.chance(0.4) ? 1 : draws.next();
  return { fromMs, untilMs: Math.round(fromMs + (healAtMs - fromMs) * ends) };
}

/** Mostly seconds or minutes in a long life; now and then up to its end. */
function chooseShort(draws: Draws, { healAtMs }: FaultScope): Window {
  const { min, max } = SHORT_MS;
  const lastsMs = Math.round(min * (max / min) ** draws.next());
  const latestMs = healAtMs - lastsMs;
  const fromMs = draws.chance(0.2) ? latestMs : Math.round(latestMs * draws.next());
  return { fromMs, untilMs: fromMs + lastsMs };
}

function chooseKind(draws: Draws, scope: FaultScope): Kind {
  const kinds = Object.keys(WEIGHTS).filter(isKind);
  const allowed = scope.liars.length > 0 ? kinds : kinds.filter((kind) => kind !== 'byzantine');
  const total = allowed.reduce((sum, kind) => sum + WEIGHTS[kind], 0);
  let left = total * draws.next();
  for (const kind of allowed) {
    left -= WEIGHTS[kind];
    if (left < 0) return kind;
  }
  return 'cut';
}

function isKind(name: string): name is Kind {
  return Object.hasOwn(WEIGHTS, name);
}

/** A liar for lies; nobody that lies for the others, whose fate nobody watches. */
function chooseHost(draws: Draws, kind: Kind, scope: FaultScope): number {
  const all = Array.from({ length: scope.hosts }, (_, host) => host);
  if (kind === 'byzantine') return draws.pick(scope.liars);
  // Somebody has to stay.
  if (kind === 'gone') return scope.hosts - 1;
  return draws.pick(all.filter((host) => !scope.liars.includes(host)));
}

function cut(draws: Draws, scope: FaultScope, window: Window & { readonly id: number }): Fault {
  const region = draws.pick(scope.regions);
  const inRegion = scope.regions.flatMap((of, host) => (of === region ? [host] : []));
  const some = draws.sample(draws.integer(1, Math.max(1, scope.hosts - 1)), scope.hosts);
  return {
    ...window,
    kind: 'cut',
    hosts: draws.chance(0.4) ? inRegion : some.toSorted((a, b) => a - b),
    way: draws.pick(['both', 'both', 'out', 'in']),
    flapMs: draws.chance(0.25) ? Math.round(draws.between(500, 8000)) : 0,
  };
}

function round(value: number): string {
  return String(Math.round(value * 1000) / 1000);
}
