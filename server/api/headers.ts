/** Headers of every answer. Inline styles are allowed for charts, which size themselves by style attributes. */
export function securityHeaders(options: {
  nonce: string;
  isSecure: boolean;
  isDevelopment: boolean;
}): Record<string, string> {
  const dev = options.isDevelopment;
  const policy = [
    "default-src 'self'",
    `script-src 'self' 'nonce-${options.nonce}'${dev ? " 'unsafe-eval'" : ''}`,
    "style-src 'self' 'unsafe-inline'",
    "img-src 'self' data:",
    "font-src 'self'",
    `connect-src 'self'${dev ? ' ws:' : ''}`,
    "object-src 'none'",
    "base-uri 'none'",
    "form-action 'self'",
    "frame-ancestors 'none'",
  ];
  return {
    'Content-Security-Policy': policy.join('; '),
    'X-Content-Type-Options': 'nosniff',
    'Referrer-Policy': 'same-origin',
    'Cross-Origin-Opener-Policy': 'same-origin',
    'Permissions-Policy': 'camera=(), geolocation=(), microphone=()',
    ...(options.isSecure ? { 'Strict-Transport-Security': 'max-age=31536000; includeSubDomains' } : {}),
  };
}
