/**
 * What a measurement of spreading prints, and the bars that it must clear.
 *
 * @module
 */
import type { SimBar } from '../runs/report.ts';
import type { ScaleFigures, Spread } from './scale.ts';

/** Without faults, and with 5 % undetected dead nodes and 1 % loss. */
interface BothWeathers {
  readonly fair: ScaleFigures;
  readonly foul: ScaleFigures;
}

const BARS = {
  fair: { median: 1.1, p95: 1.25 },
  foul: { median: 1.12, p95: 1.5 },
  bytesRatio: 9,
  idleBytes: 1024,
};

/** The bars. */
export function scaleBars({ fair, foul }: BothWeathers): readonly SimBar[] {
  return [
    atMost('fairMedian', fair.ours.median, BARS.fair.median),
    atMost('fairP95', fair.ours.p95, BARS.fair.p95),
    atMost('fairMissed', fair.ours.missed, 0),
    atMost('foulMedian', foul.ours.median, BARS.foul.median),
    atMost('foulP95', foul.ours.p95, BARS.foul.p95),
    atMost('foulMissed', foul.ours.missed, 0),
    atMost('bytesRatio', fair.bytesRatio, BARS.bytesRatio),
    atMost('foulBytesRatio', foul.bytesRatio, BARS.bytesRatio),
    atMost('idleBytes', fair.idleBytes, BARS.idleBytes),
    // Head to head: ours is the faster one, with verification and durability and they without.
    atMost('fairMedianBesideSerf', fair.ours.median, fair.serf.median),
    atMost('fairMedianBesidePlumtree', fair.ours.median, fair.plumtree.median),
    atMost('foulP95BesideSerf', foul.ours.p95, foul.serf.p95),
    atMost('foulP95BesidePlumtree', foul.ours.p95, foul.plumtree.p95),
  ];
}

/** Lines for people. */
export function scaleText(
  { nodes, regions }: { readonly nodes: number; readonly regions: number },
  both: BothWeathers,
): string {
  const lines = [
    `R = T / D of one release to the last of ${nodes} nodes in ${regions} regions`,
    ...rows('without faults', both.fair),
    ...rows('5 % dead, 1 % lost', both.foul),
    ...scaleBars(both).map(
      ({ name, value, limit, met }) =>
        `${met ? 'met   ' : 'MISSED'} ${name} ${value} (at most ${limit})`,
    ),
  ];
  return `${lines.join('\n')}\n`;
}

function rows(weather: string, figures: ScaleFigures): readonly string[] {
  const { starting, resting, busiest } = figures.links;
  const row = (name: string, { median, p95, missed }: Spread): string =>
    `  ${weather.padEnd(20)}${name.padEnd(10)}median ${median}  p95 ${p95}  missed ${missed}`;
  return [
    row('ours', figures.ours),
    row('serf', figures.serf),
    row('plumtree', figures.plumtree),
    `  ${weather.padEnd(20)}ours sends ${figures.bytesRatio} × the release per node`,
    `  ${weather.padEnd(20)}ours sends ${figures.idleBytes} B/s per node at rest`,
    `  ${weather.padEnd(20)}ours has at most ${starting} links per node while all start, ` +
      `${resting} at rest, ${busiest} at the busiest`,
  ];
}

function atMost(name: string, value: number, limit: number): SimBar {
  return { name, value, at: 'most', limit, met: value <= limit };
}
