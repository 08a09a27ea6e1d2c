// Original file: proto/kedge/v1/trust.proto

export const AdoptionStage = {
  ADOPTION_STAGE_UNSPECIFIED: 'ADOPTION_STAGE_UNSPECIFIED',
  ADOPTION_STAGE_DELIVERED: 'ADOPTION_STAGE_DELIVERED',
  ADOPTION_STAGE_LOADED: 'ADOPTION_STAGE_LOADED',
} as const;

export type AdoptionStageInput =
  | 'ADOPTION_STAGE_UNSPECIFIED'
  | 0
  | 'ADOPTION_STAGE_DELIVERED'
  | 1
  | 'ADOPTION_STAGE_LOADED'
  | 2

export type AdoptionStageOutput = typeof AdoptionStage[keyof typeof AdoptionStage]
