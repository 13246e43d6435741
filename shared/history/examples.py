"""What the description of the API shows of rules over history."""

from pydantic import ConfigDict

PLAN = ConfigDict(
    json_schema_extra={
        "examples": [
            {
                "rules": [
                    {
                        "kind": "never_after",
                        "id": "no-pay-after-untrusted",
                        "act": {"name": "payment.*"},
                        "after": {"name": "mail.read", "unless": {"trust": "trusted"}},
                    },
                    {
                        "kind": "total",
                        "id": "5000-inr-a-payee",
                        "act": {"name": "payment.send", "where": {"currency": "INR"}},
                        "of": "amount_minor",
                        "limit": 500000,
                        "per": ["payee"],
                        "within_s": 3600,
                        "across": "tenant",
                    },
                ],
                "parts": [
                    {"id": "maybe", "kind": "choice", "ways": [["read"], []]},
                    {"id": "read", "name": "mail.read", "facts": {"trust": "unknown"}},
                    {
                        "id": "pay",
                        "name": "payment.send",
                        "facts": {"currency": "INR", "payee": "acme", "amount_minor": 600000},
                    },
                ],
                "plan": ["maybe", "pay"],
            }
        ]
    }
)
