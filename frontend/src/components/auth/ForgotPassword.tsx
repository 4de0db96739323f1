import { zodResolver } from '@hookform/resolvers/zod'
import { useState } from 'react'
import { useForm } from 'react-hook-form'
import { Link } from 'react-router'
import { z } from 'zod'
import { account } from '../../api/account'
import { useTitle } from '../../hooks/useTitle'
import { t } from '../../i18n'
import { FormError, TextField } from '../form/fields'
import { showProblem } from '../form/problem'
import { Button } from '../ui'
import { AuthCard } from './AuthCard'
import { textLink } from './links'
import { email } from './schemas'

const texts = t.account.forgot
const schema = z.object({ email })

/** `/forgot-password` */
export default function ForgotPassword() {
  useTitle(texts.title)
  const [sentTo, setSentTo] = useState<string>()
  const form = useForm({ resolver: zodResolver(schema), defaultValues: { email: '' } })
  const { errors, isSubmitting } = form.formState
  const submit = form.handleSubmit(async (values) => {
    try {
      await account.forgot(values.email)
      setSentTo(values.email)
    } catch (error) {
      showProblem(error, ['email'], form.setError)
    }
  })
  const back = (
    <Link to="/login" className={textLink}>
      {texts.back}
    </Link>
  )
  if (sentTo !== undefined) {
    return (
      <AuthCard heading={texts.sentHeading} lead={texts.sent(sentTo)} footer={back}>
        <FormError message={errors.root?.message} />
        <Button className="w-full" disabled={isSubmitting} onClick={() => void submit()}>
          {isSubmitting ? t.form.working : texts.again}
        </Button>
      </AuthCard>
    )
  }
  return (
    <AuthCard heading={texts.heading} lead={texts.lead} footer={back}>
      <form noValidate onSubmit={(event) => void submit(event)} className="flex flex-col gap-4">
        <TextField
          label={t.form.email}
          type="email"
          inputMode="email"
          autoComplete="username"
          error={errors.email?.message}
          {...form.register('email')}
        />
        <FormError message={errors.root?.message} />
        <Button type="submit" variant="solid" disabled={isSubmitting} className="min-h-9">
          {isSubmitting ? t.form.working : texts.submit}
        </Button>
      </form>
    </AuthCard>
  )
}
