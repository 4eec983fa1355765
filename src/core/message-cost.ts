/** What a WebSocket message costs beside its bytes, wherever bytes are counted: else endless empty ones would cost nothing. */
export const MESSAGE_COST = 64
