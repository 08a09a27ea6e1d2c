/**
 * One node of a rehearsal: a `kedge node run` process of its own, which can be killed and started
 * again. What it logs goes to a file beside its configuration.
 *
 * @module
 */
import { OwnProcess } from './own-process.ts';

/** Where a node is and how it is started. */
export interface NodePlace {
  readonly id: string;
  readonly region: string;
  /** Of clients; the next two are of peers and admins. */
  readonly port: number;
  readonly configFile: string;
  /** The program and its first arguments, for example `node main.js`. */
  readonly program: readonly string[];
}

/** A node that runs, or ran. */
export class NodeProcess extends OwnProcess {
  readonly place: NodePlace;

  constructor(place: NodePlace) {
    const { id, program, configFile } = place;
    super({
      name: `node ${id}`,
      argv: [...program, 'node', 'run', '--config', configFile],
      logFile: `${configFile}.log`,
      ready: '"node.ready"',
    });
    this.place = place;
  }

  get clients(): string {
    return `127.0.0.1:${this.place.port}`;
  }

  get admins(): string {
    return `127.0.0.1:${this.place.port + 2}`;
  }
}
