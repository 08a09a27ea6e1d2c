/**
 * Says ahead that the charter or a release ends: a line in the log 30, 14 and 7 days before, when
 * the time is over, and once after a start. For alerts there are gauges with the times themselves.
 *
 * @module
 */
import { CHARTER_STREAM, formatTimestamp, type StreamName } from '../core/ids.ts';
import { type Expiring, type ExpiryStage, expiringIn } from '../core/trusted/expiry.ts';
import type { TrustedState } from '../core/trusted/state.ts';
import type { Clock, ClockTimer } from '../ports/clock.ts';
import type { Logger } from '../ports/logger.ts';

const EVERY_MS = 3_600_000;
/** Lines of one look; the next look says the rest. */
const LINES_MAX = 50;

/** What is watched. */
export interface TrustExpiryOptions {
  readonly replicator: { readonly durable: TrustedState };
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Looks now and every hour, until what it returns is called. */
export function watchTrustExpiry({ replicator, clock, logger }: TrustExpiryOptions): () => void {
  const reminders = new ExpiryReminders(logger);
  let timer: ClockTimer | undefined;
  const look = (): void => {
    reminders.check(replicator.durable, clock.nowMs());
    timer = clock.setTimer(EVERY_MS, look);
  };
  look();
  return () => timer?.[Symbol.dispose]();
}

/** Remembers what was said, so that it is said once. */
export class ExpiryReminders {
  readonly #logger: Logger;
  #said: ReadonlyMap<StreamName, string> = new Map();

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  /** Logs what is at another stage than at the last look. */
  check(state: TrustedState, nowMs: number): void {
    const said = new Map<StreamName, string>();
    let lines = 0;
    for (const one of expiringIn(state, nowMs)) {
      const what = `${one.stage} ${one.expiresMs}`;
      const isNew = this.#said.get(one.stream) !== what;
      if (isNew && lines >= LINES_MAX) continue;
      said.set(one.stream, what);
      if (!isNew) continue;
      lines += 1;
      this.#say(one);
    }
    this.#said = said;
  }

  #say({ stream, stage, expiresMs }: Expiring): void {
    const isCharter = stream === CHARTER_STREAM;
    const event = isCharter ? 'charter.expiring' : 'release.expiring';
    const fields = { event, stream, expires: formatTimestamp(expiresMs) } as const;
    const message = messageOf(isCharter ? 'charter' : 'release', stage);
    if (stage === '30d' || stage === '14d') this.#logger.warn(fields, message);
    else this.#logger.error(fields, message);
  }
}

function messageOf(what: 'charter' | 'release', stage: ExpiryStage): string {
  if (what === 'charter') {
    return stage === 'expired'
      ? 'the charter has expired, nothing new is accepted: kedge charter rotate'
      : `the charter ends within ${stage}: kedge charter rotate renews it`;
  }
  return stage === 'expired'
    ? 'the release has expired, programs keep it and say so: publish the next one'
    : `the release ends within ${stage}: publish the next one`;
}
