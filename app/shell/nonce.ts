import { createContext, useContext } from 'react';

/** The request's CSP nonce while the server renders; undefined in the browser, which hides nonces from scripts. */
export const NonceContext = createContext<string | undefined>(undefined);

/** The nonce for an inline script or style written by the server. */
export const useNonce = (): string | undefined => useContext(NonceContext);
