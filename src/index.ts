/**
 * The public names of Kedge: what a program that embeds the SDK may use. `docs/sdk.md` is the
 * guide.
 *
 * @module
 */
export type { Bundle, CaPemsOptions } from './client/bundle.ts';
export type { BundleAnchor, WithheldReason } from './client/bundle-anchors.ts';
export type { BundleSet } from './client/bundle-set.ts';
export type { BundleChange } from './client/changes.ts';
export type { ExpiredPolicy } from './client/expiry.ts';
export type { LiveConnectionOptions } from './client/live/dialler.ts';
export type {
  DistrustedConnection,
  DistrustOptions,
  DistrustPolicies,
  DistrustPolicy,
  EndPolicy,
  UpdateIdentityOptions,
} from './client/live/distrust.ts';
export type { LiveGrpcCredentials } from './client/live/grpc.ts';
export { type LiveChannelOptions, liveChannelCredentials } from './client/live/grpc-channel.ts';
export { type LiveServerOptions, liveServerCredentials } from './client/live/grpc-server.ts';
export {
  LiveHttpsAgent,
  type LiveHttpsAgentOptions,
  liveHttpsAgent,
} from './client/live/https-agent.ts';
export type { TlsIdentity } from './client/live/identity.ts';
export {
  LiveTlsClient,
  type LiveTlsClientOptions,
  liveTlsClient,
} from './client/live/tls-client.ts';
export {
  type LiveTlsServer,
  type LiveTlsServerOptions,
  liveTlsServer,
} from './client/live/tls-server.ts';
export type { DistrustReason, TrustPorts, TrustSource } from './client/live/trust-view.ts';
export {
  type LiveUndiciConnector,
  type LiveUndiciOptions,
  liveUndiciConnector,
  type UndiciConnect,
  type UndiciTarget,
} from './client/live/undici.ts';
export { type Notice, onNotice } from './client/notices.ts';
export type { BundleSourceOptions, SourceTlsOptions } from './client/options.ts';
export { type BundleSource, openBundleSource } from './client/source.ts';
export type { ReadyOptions } from './client/states/readiness.ts';
export type {
  BundleState,
  BundleStatus,
  SourceState,
  SourceStatus,
  StateChange,
} from './client/states/status.ts';
export type {
  AnchorState,
  Constraint,
  Tombstone,
  TombstoneReason,
} from './core/anchors/anchor.ts';
export {
  ERROR_CODES,
  type ErrorCode,
  type ErrorDetail,
  isErrorCode,
  KedgeError,
} from './core/errors.ts';
export type { AnchorId, BundleName, RealmName, Sequence, Sha256 } from './core/ids.ts';
export type { PlannedChange } from './core/releases/planned.ts';
export type { Clock, ClockTimer } from './ports/clock.ts';
export type { LogEvent } from './ports/log-events.ts';
export type { LogBindings, LogFields, Logger, LogValue } from './ports/logger.ts';
export type { MetricLabels, MetricName, Metrics } from './ports/metrics.ts';
