// For the processes that serve GraphQL: Fastify plugins.
export { gateway } from '../api/gateway.ts';
export type { AnyTasks, GatewayOptions } from '../api/gateway.ts';
export { Audit } from '../audit/audit.ts';
export type { AuditOptions } from '../audit/audit.ts';
export type { AuditAction, Decision, Origin, Told } from '../audit/decision.ts';
export type { ExtensionContext, GatewayExtension } from '../api/extension.ts';
export { sessionOfToken } from '../login/authenticator.ts';
export { RunTokens } from '../login/run-tokens.ts';
export type { MintedToken, RunTokenClaims, TokenSecret } from '../login/run-tokens.ts';
export { AddressShares } from '../shares/address-shares.ts';
export type { AddressLimits, AddressSharesOptions } from '../shares/address-shares.ts';
export type { Allowance } from '../shares/allowances.ts';
export { CallerBudgets } from '../shares/caller-budgets.ts';
export type { BudgetLimits } from '../shares/caller-budgets.ts';
export { sessionOf } from '../login/session.ts';
export type {
  Authenticate,
  CredentialKind,
  Presented,
  Session,
  SessionEnd,
} from '../login/session.ts';
export { health } from '../api/health.ts';
export type { HealthOptions } from '../api/health.ts';
export { encryption } from '../encryption/encryption.ts';
export type { Encryption } from '../encryption/encryption.ts';
export type { EncryptionKey } from '../encryption/key-ring.ts';
export { parseKeysFile } from '../encryption/keys-file.ts';
