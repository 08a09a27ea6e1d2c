/**
 * Certificates for servers and for clients by the thousand: one CA, one server, some identities
 * that many clients share, as replicas of a service do.
 *
 * @module
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type DemoCa, makeCa, makeLeaf, saveLeaf } from '../../demo/certificates.ts';
import type { LinkFiles } from '../../demo/messages.ts';

/** Identities of clients. */
const CLIENTS = 100;

/** A folder with `ca.pem` and the files of servers, clients and an admin. */
export class Certificates {
  readonly folder: string;
  readonly clients: number;
  readonly realm: string;
  readonly #ca: DemoCa;

  private constructor(folder: string, realm: string, clients: number, ca: DemoCa) {
    this.folder = folder;
    this.realm = realm;
    this.clients = clients;
    this.#ca = ca;
  }

  /** Makes them below `parent`. */
  static async make(
    parent: string,
    realm: string,
    clients: number = CLIENTS,
  ): Promise<Certificates> {
    const folder = join(parent, 'tls');
    await mkdir(folder, { mode: 0o700 });
    const ca = makeCa('bench connections');
    await writeFile(join(folder, 'ca.pem'), ca.certificatePem);
    const made = new Certificates(folder, realm, clients, ca);
    for (let i = 0; i < clients; i += 1) await made.files('client', `client-${i}`);
    return made;
  }

  /** The files of somebody; made when they are asked for. */
  async files(role: 'client' | 'admin' | 'node', name: string): Promise<LinkFiles> {
    const uri = `spiffe://${this.realm}/${role}/${name}`;
    const leaf = makeLeaf(this.#ca, { commonName: name, uri });
    const saved = await saveLeaf(this.folder, name, leaf);
    return { ...saved, caFile: join(this.folder, 'ca.pem'), serverName: 'localhost' };
  }
}
