// For gateways: GraphQL as a Fastify plugin.
export { gateway } from '../api/gateway.ts';
export type { GatewayOptions } from '../api/gateway.ts';
