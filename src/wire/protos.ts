/**
 * The protobuf files: where they are, how they are read, and a codec per message.
 *
 * A file is parsed when its first message is coded, so that importing this module costs nothing and
 * the SDK never parses more than `trust.proto`. Generated types (`gen/`, made by `npm run gen`) do
 * not leave this folder: the rest of Kedge sees core values and bytes.
 *
 * @module
 */
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { loadSync, type Options, type PackageDefinition } from '@grpc/proto-loader';
import { KedgeError } from '../core/errors.ts';
import { MESSAGE_MAX_FIELDS } from '../core/limits.ts';
import { type MessageShape, requireFewFields, shapeOf } from './field-count.ts';
import type { ProtoGrpcType as AdminTypes } from './gen/admin.ts';
import type { ProtoGrpcType as GossipTypes } from './gen/gossip.ts';
import type { ProtoGrpcType as TrustTypes } from './gen/trust.ts';

/** A protobuf file of Kedge, without its folder and ending. */
export type ProtoFile = 'trust' | 'gossip' | 'admin';

/** How protobuf values look in JavaScript; `npm run gen` passes the same. */
const PROTO_OPTIONS: Options = {
  keepCase: false,
  longs: String,
  enums: String,
  defaults: true,
  oneofs: true,
};

/** Turns one protobuf message into bytes and back. */
export interface MessageCodec<Input, Output> {
  serialize(message: Input): Buffer;
  /** Byte fields of the result are views on `bytes`. Errors: `PARSE`, `LIMIT`. */
  deserialize(bytes: Uint8Array): Output;
}

type Messages = {
  trust: TrustTypes['kedge']['v1'];
  gossip: GossipTypes['kedge']['v1'];
  admin: AdminTypes['kedge']['v1'];
};
type Definition<Input, Output> = {
  serialize(value: Input): Buffer;
  deserialize(b: Buffer): Output;
};
type CodecOf<T> =
  T extends Definition<infer Input, infer Output> ? MessageCodec<Input, Output> : never;

const packages = new Map<ProtoFile, PackageDefinition>();
let everything: PackageDefinition | undefined;

/** Parses a protobuf file with what it imports; once per process. */
export function loadProto(file: ProtoFile): PackageDefinition {
  const known = everything ?? packages.get(file);
  if (known !== undefined) return known;
  const loaded = loadSync(protoPath(file), { ...PROTO_OPTIONS, includeDirs: [protoRoot()] });
  packages.set(file, loaded);
  return loaded;
}

/**
 * All files as one package, as reflection needs them: it knows one file per package. A process that
 * has parsed them all does not parse them one by one again.
 */
export function loadAllProtos(): PackageDefinition {
  const files = (['trust', 'gossip', 'admin'] as const).map(protoPath);
  everything ??= loadSync(files, { ...PROTO_OPTIONS, includeDirs: [protoRoot()] });
  return everything;
}

/** The codec of one message; its file is parsed at the first use. `maxFields` bounds decoding. */
export function messageCodec<File extends ProtoFile, Name extends keyof Messages[File] & string>(
  file: File,
  name: Name,
  maxFields: number = MESSAGE_MAX_FIELDS,
): CodecOf<Messages[File][Name]> {
  let shape: MessageShape | undefined;
  let definition: Definition<unknown, unknown> | undefined;
  const load = (): Definition<unknown, unknown> => {
    definition ??= loadProto(file)[`kedge.v1.${name}`] as unknown as Definition<unknown, unknown>;
    return definition;
  };
  const codec: MessageCodec<unknown, unknown> = {
    serialize: (message) => load().serialize(message),
    deserialize: (bytes) => {
      const known = load();
      shape ??= shapeOf(loadProto(file), name);
      requireFewFields(bytes, shape, maxFields);
      try {
        return known.deserialize(asBuffer(bytes));
      } catch (cause) {
        throw new KedgeError('PARSE', `not a ${name} message`, { cause });
      }
    },
  };
  return codec as CodecOf<Messages[File][Name]>;
}

// `#proto` is mapped by the package's own `imports`, so that `src/` and `dist/src/` both find it.
function protoPath(file: ProtoFile): string {
  return createRequire(import.meta.url).resolve(`#proto/kedge/v1/${file}.proto`);
}

function protoRoot(): string {
  return join(dirname(protoPath('trust')), '..', '..');
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
