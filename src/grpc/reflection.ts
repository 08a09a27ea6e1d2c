/**
 * Server reflection, for people with a generic client: it is made when somebody asks for the first
 * time. To index all messages takes a tenth of a second, which every start of a node would pay.
 *
 * @module
 */
import type {
  handleBidiStreamingCall,
  Server,
  ServiceDefinition,
  UntypedServiceImplementation,
} from '@grpc/grpc-js';
import { ReflectionService } from '@grpc/reflection';
import { loadAllProtos } from '../wire/protos.ts';

/** One version of the protocol of reflection. */
interface Version {
  readonly definition: ServiceDefinition;
  readonly implementation: UntypedServiceImplementation;
}

/** Its methods, which are the same whatever it tells of; once per process. */
let bare: readonly Version[] | undefined;

/** Lets a server tell of these services. */
export function addReflection(server: Server, services: readonly string[]): void {
  const protos = loadAllProtos();
  let versions: readonly Version[] | undefined;
  const made = (): readonly Version[] => {
    versions ??= versionsOf(new ReflectionService(protos, { services: [...services] }));
    return versions;
  };
  bare ??= versionsOf(new ReflectionService({}));
  for (const [at, { definition, implementation }] of bare.entries()) {
    const late = Object.keys(implementation).map((name) => {
      const handle: handleBidiStreamingCall<unknown, unknown> = (call) => {
        const version = made()[at];
        const handler = version?.implementation[name];
        if (handler !== undefined) Reflect.apply(handler, version?.implementation, [call]);
      };
      return [name, handle] as const;
    });
    server.addService(definition, Object.fromEntries(late));
  }
}

function versionsOf(reflection: ReflectionService): readonly Version[] {
  const versions: Version[] = [];
  reflection.addToServer({
    addService: (definition, implementation) => {
      versions.push({ definition, implementation });
    },
  });
  return versions;
}
