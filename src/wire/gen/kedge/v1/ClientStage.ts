// Original file: proto/kedge/v1/gossip.proto

export const ClientStage = {
  CLIENT_STAGE_UNSPECIFIED: 'CLIENT_STAGE_UNSPECIFIED',
  CLIENT_STAGE_WAITING: 'CLIENT_STAGE_WAITING',
  CLIENT_STAGE_DELIVERED: 'CLIENT_STAGE_DELIVERED',
  CLIENT_STAGE_LOADED: 'CLIENT_STAGE_LOADED',
  CLIENT_STAGE_REFUSED: 'CLIENT_STAGE_REFUSED',
} as const;

export type ClientStageInput =
  | 'CLIENT_STAGE_UNSPECIFIED'
  | 0
  | 'CLIENT_STAGE_WAITING'
  | 1
  | 'CLIENT_STAGE_DELIVERED'
  | 2
  | 'CLIENT_STAGE_LOADED'
  | 3
  | 'CLIENT_STAGE_REFUSED'
  | 4

export type ClientStageOutput = typeof ClientStage[keyof typeof ClientStage]
