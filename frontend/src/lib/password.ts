/** The rules for a new password; the server has the same ones, and a list of common passwords besides. */
export const passwordRules = ['length', 'upper', 'lower', 'digit', 'sign'] as const
export type PasswordRule = (typeof passwordRules)[number]

const tests: Record<PasswordRule, (password: string) => boolean> = {
  length: (p) => Array.from(p).length >= 8,
  upper: (p) => /[A-Z]/.test(p),
  lower: (p) => /[a-z]/.test(p),
  digit: (p) => /[0-9]/.test(p),
  // Only these count as signs.
  sign: (p) => /[!@#$%^&*(),.?":{}|<>]/.test(p),
}

export const keepsRule = (rule: PasswordRule, password: string): boolean => tests[rule](password)
export const isGoodPassword = (password: string): boolean =>
  passwordRules.every((rule) => keepsRule(rule, password)) && Array.from(password).length <= 128
