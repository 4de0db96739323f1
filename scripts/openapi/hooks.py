"""Signs in for the schema fuzzer, and lets each request come from an address of its own."""

import json
import os
import random
import urllib.request

import schemathesis

PASSWORD = os.environ["FUZZ_PASSWORD"]
URL = os.environ["FUZZ_URL"]
WHO = os.environ["FUZZ_AS"]  # admin, user or nobody


def address() -> str:
    # 198.18.0.0/15 is set aside for benchmarks (RFC 2544).
    return f"198.{random.randint(18, 19)}.{random.randint(0, 255)}.{random.randint(1, 254)}"


if WHO != "nobody":

    @schemathesis.auth(refresh_interval=20)
    class SignIn:
        """What is fuzzed signs out, too, so that a token lasts only so long."""

        def get(self, case, context):
            request = urllib.request.Request(
                URL + "/api/login",
                data=json.dumps({"email": WHO + "@example.org", "password": PASSWORD}).encode(),
                headers={"Content-Type": "application/json", "X-Forwarded-For": address()},
            )
            with urllib.request.urlopen(request) as answer:
                return json.load(answer)["access_token"]

        def set(self, case, data, context):
            case.headers["Authorization"] = "Bearer " + data


@schemathesis.hook
def before_call(context, case, kwargs):
    case.headers["X-Forwarded-For"] = address()
