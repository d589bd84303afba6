/** Alert levels. RFC 5246 §7.2. */
export const AlertLevel = { warning: 1, fatal: 2 } as const;

/** The name of an alert level. RFC 5246 §7.2. */
export type AlertLevelName = keyof typeof AlertLevel;

/** Alert descriptions by their names in the IANA registry "TLS Alerts". RFC 5246 §7.2 and later RFCs. */
export const AlertDescription = {
  close_notify: 0,
  unexpected_message: 10,
  bad_record_mac: 20,
  decryption_failed_RESERVED: 21,
  record_overflow: 22,
  decompression_failure_RESERVED: 30,
  handshake_failure: 40,
  no_certificate_RESERVED: 41,
  bad_certificate: 42,
  unsupported_certificate: 43,
  certificate_revoked: 44,
  certificate_expired: 45,
  certificate_unknown: 46,
  illegal_parameter: 47,
  unknown_ca: 48,
  access_denied: 49,
  decode_error: 50,
  decrypt_error: 51,
  too_many_cids_requested: 52,
  export_restriction_RESERVED: 60,
  protocol_version: 70,
  insufficient_security: 71,
  internal_error: 80,
  inappropriate_fallback: 86,
  user_canceled: 90,
  no_renegotiation: 100,
  missing_extension: 109,
  unsupported_extension: 110,
  certificate_unobtainable_RESERVED: 111,
  unrecognized_name: 112,
  bad_certificate_status_response: 113,
  bad_certificate_hash_value_RESERVED: 114,
  unknown_psk_identity: 115,
  certificate_required: 116,
  no_application_protocol: 120,
} as const;

/** The name of an alert description, such as `'handshake_failure'`. */
export type AlertDescriptionName = keyof typeof AlertDescription;

const names = new Map<number, AlertDescriptionName>(
  Object.entries(AlertDescription).map(([name, code]) => [code, name as AlertDescriptionName]),
);

/** The registered name of an alert description, or `alert 199` for a number that has none. */
export function alertName(description: number): string {
  return names.get(description) ?? `alert ${description}`;
}

/** An alert that was sent or received. */
export interface Alert {
  readonly direction: 'sent' | 'received';
  /** 1 warning, 2 fatal. */
  readonly level: number;
  /** As in {@link AlertDescription}. */
  readonly description: number;
}
