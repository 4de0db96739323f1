import { Check, Circle } from 'lucide-react'
import { t } from '../../i18n'
import { keepsRule, passwordRules } from '../../lib/password'
import { cx } from '../../lib/cx'

/** Which rules a password keeps, as it is typed. */
export function PasswordRules({ password }: { password: string }) {
  return (
    <ul
      aria-label={t.form.passwordRules}
      className="grid grid-cols-1 gap-x-3 gap-y-0.5 text-xs min-[400px]:grid-cols-2"
    >
      {passwordRules.map((rule) => {
        const kept = keepsRule(rule, password)
        const Icon = kept ? Check : Circle
        return (
          <li
            key={rule}
            data-kept={kept}
            className={cx('flex items-center gap-1.5', kept ? 'text-ok' : 'text-muted')}
          >
            <Icon aria-hidden className={kept ? 'size-3.5' : 'size-3.5 p-0.5'} />
            {t.form.rules[rule]}
            <span className="sr-only">: {kept ? t.form.kept : t.form.missing}</span>
          </li>
        )
      })}
    </ul>
  )
}
