/** What each WebSocket message counts in addition to its bytes, so that empty messages are limited, too. */
export const MESSAGE_COST = 64
