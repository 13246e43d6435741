"""
The reference agent of share trading, up to the draft of an order.

Whole numbers only: prices in ten-thousandths of a rupee, percentages in basis points. No model takes part, no
limit can be passed, and nothing reaches the exchange without an approval of the kind ``financial``.
"""

from typing import Annotated, Literal

from pydantic import Field

from shared.entity import Value
from shared.errors import Invalid
from shared.genesis.models.parts import Key
from shared.judged import Exact

E4 = 10_000
MAX_PRICE_AGE_S = 60
MAX_LEVERAGE = 10
MAX_CAPITAL_BP = 2_000

Coin = Annotated[str, Field(pattern=r"^[A-Z0-9]{2,12}$")]
PriceE4 = Annotated[int, Field(gt=0, le=10**13)]


class OrderIntent(Value):
    """What somebody wants to trade."""

    exchange_provider: Literal["delta_exchange_india"] = "delta_exchange_india"
    """Which exchange."""
    exchange_account_id: Key
    """Which account there."""
    coin: Coin
    """What is traded, such as BTC."""
    units: int = Field(gt=0, le=1_000_000)
    """How many units."""
    side: Literal["long", "short"]
    """Whether one gains from a rise (`long`) or a fall (`short`)."""
    action: Literal["enter", "exit"]
    """Whether a position is opened or closed."""
    order_type: Literal["market", "limit"]
    """Whether the market's price is taken, or one of your own."""
    limit_price_e4: PriceE4 | None = None
    """Your price, in ten-thousandths of a rupee; needed for a limit order."""
    leverage: int = Field(1, ge=1, le=100)
    """How many times the margin the position is worth."""


class RiskLimits(Value):
    """What no order may pass; the caps of the platform hold whatever is set."""

    allowed_coins: Annotated[tuple[Coin, ...], Field(min_length=1, max_length=50)]
    """What may be traded."""
    max_units_per_order: int = Field(gt=0)
    """How many units one order may have."""
    max_notional_inr: int = Field(50_000, gt=0)
    """What one order may be worth, in rupees."""
    daily_trade_limit: int = Field(3, ge=0)
    """How many orders a day."""
    daily_notional_limit_inr: int = Field(150_000, gt=0)
    """What all orders of a day may be worth, in rupees."""
    max_leverage: int = Field(MAX_LEVERAGE, ge=1, le=MAX_LEVERAGE)
    """How high the leverage may be; never above 10."""
    max_capital_bp_per_trade: int = Field(MAX_CAPITAL_BP, ge=1, le=MAX_CAPITAL_BP)
    """How much of the balance one order may bind, in basis points; never above 2,000."""


class Market(Value):
    """What is known about the market and the account at that moment."""

    last_price_e4: PriceE4 | None = None
    """The last price, in ten-thousandths of a rupee; needed for a market order."""
    last_price_age_s: int = Field(0, ge=0)
    """How old that price is, in seconds; 60 at most."""
    balance_inr: int = Field(ge=0)
    """What is in the account, in rupees."""
    trades_today: int = Field(0, ge=0)
    """How many orders there were today."""
    notional_today_inr: int = Field(0, ge=0)
    """What they were worth, in rupees."""


class TradingRequest(Value):
    """An intent, and everything it is judged by."""

    kind: Literal["trading"]
    """Which reference agent it is for."""
    intent: OrderIntent
    """What is to be traded."""
    limits: RiskLimits
    """What no order may pass."""
    market: Market
    """What is known about the market and the account."""
    stop_loss_bp: int | None = Field(None, gt=0, lt=10_000)
    """How far from the last price the loss is stopped, in basis points; null for no stop."""
    profit_target_bp: int | None = Field(None, gt=0, lt=10_000)
    """How far from the last price the profit is taken, in basis points; null for no target."""


class OrderDraft(Value):
    """An order that passed every limit and waits for its approval."""

    kind: Literal["trading"] = "trading"
    """Which reference agent made it."""
    intent: OrderIntent
    """What was asked for."""
    operation: Literal["place_order", "close_position"]
    """What the exchange is told to do."""
    exchange_side: Literal["buy", "sell"]
    """What that is for the exchange."""
    price_e4: int
    """The price it is reckoned with, in ten-thousandths of a rupee."""
    notional_inr: int
    """What the order is worth, in rupees."""
    margin_inr: int
    """What it binds of the balance, in rupees."""
    stop_loss_price_e4: int | None
    """Where the loss is stopped, in ten-thousandths of a rupee; null where it is not."""
    take_profit_price_e4: int | None
    """Where the profit is taken, in ten-thousandths of a rupee; null where it is not."""
    checks: tuple[str, ...]
    """The limits it passed, by name."""
    next_approval: Literal["financial"] = "financial"
    """What kind of approval it waits for."""
    price_valid_for_s: Annotated[Literal[900], Exact] = 900
    """For how many seconds the price holds."""


def draft(request: TradingRequest) -> OrderDraft:
    """
    Write the draft of an order.

    Raises:
        Invalid: A price is missing or stale, or a limit would be passed; the first one that fails is named.
    """
    intent = request.intent
    price = _price(request)
    notional = -(-intent.units * price // E4)
    margin = -(-notional // intent.leverage)
    return OrderDraft(
        intent=intent,
        operation="place_order" if intent.action == "enter" else "close_position",
        exchange_side="buy" if (intent.side == "long") == (intent.action == "enter") else "sell",
        price_e4=price,
        notional_inr=notional,
        margin_inr=margin,
        stop_loss_price_e4=_beyond(request, request.stop_loss_bp, -1),
        take_profit_price_e4=_beyond(request, request.profit_target_bp, +1),
        checks=_checked(request, notional, margin),
    )


def _price(request: TradingRequest) -> int:
    intent, market = request.intent, request.market
    if intent.order_type == "limit":
        if intent.limit_price_e4 is None:
            raise Invalid("a limit order needs limit_price_e4", rule="missing_limit_price")
        return intent.limit_price_e4
    if market.last_price_e4 is None:
        raise Invalid("a market order needs last_price_e4", rule="missing_estimated_price")
    if market.last_price_age_s > MAX_PRICE_AGE_S:
        raise Invalid(
            f"the last price is older than {MAX_PRICE_AGE_S} seconds; ask again", rule="price_stale"
        )
    return market.last_price_e4


def _beyond(request: TradingRequest, basis_points: int | None, direction: int) -> int | None:
    """Return the price that is so far from the last close: below it to stop a long, above a short."""
    close = request.market.last_price_e4
    if basis_points is None:
        return None
    if close is None:
        raise Invalid("a stop or a target needs last_price_e4", rule="missing_estimated_price")
    sign = direction if request.intent.side == "long" else -direction
    return close + sign * (close * basis_points // 10_000)


def _checked(request: TradingRequest, notional: int, margin: int) -> tuple[str, ...]:
    intent, limits, market = request.intent, request.limits, request.market
    capital = market.balance_inr * limits.max_capital_bp_per_trade // 10_000
    passed = {
        "allowed_coins": intent.coin in limits.allowed_coins,
        "max_units_per_order": intent.units <= limits.max_units_per_order,
        "max_notional_inr": notional <= limits.max_notional_inr,
        "daily_trade_limit": market.trades_today < limits.daily_trade_limit,
        "daily_notional_limit_inr": market.notional_today_inr + notional
        <= limits.daily_notional_limit_inr,
        "max_leverage": intent.leverage <= limits.max_leverage,
        "max_capital_bp_per_trade": margin <= capital,
    }
    for limit, within in passed.items():
        if not within:
            raise Invalid(
                f"this order would pass the limit {limit}; a limit is only raised by a change of the"
                " configuration that the customer approves",
                rule="risk_limit_violation",
                limit=limit,
            )
    return tuple(passed)
