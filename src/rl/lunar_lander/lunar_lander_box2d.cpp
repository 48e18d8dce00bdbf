// SPDX-License-Identifier: Apache-2.0
// LunarLander on Box2D. Geometry, engines and rewards are Gymnasium's, its oddities included: the side
// engines push at a height that turns with the lander (17 and 14 are both its height), and angular speed is
// shown in units of 0.4 rad/s. Gymnasium flies on Box2D 2.3; 2.4 solves the limits of the legs' joints
// otherwise (they may act before they are reached, and corrections end a slop earlier), so that observations
// in the air differ by less than 1e-4 for ten steps and by up to 0.03 before the ground is touched.
#include <algorithm>
#include <array>
#include <cmath>
#include <optional>

#include <box2d/box2d.h>

#include "rl/lunar_lander/lunar_lander.hpp"

namespace rankine::rl {

namespace {

constexpr double kFramesPerSecond = 50;
constexpr double kScale = 30;
constexpr double kWidth = 600 / kScale, kHeight = 400 / kScale;  // of the view
constexpr double kPad = kHeight / 4;
constexpr double kMainPower = 13, kSidePower = 0.6;
constexpr double kLegAway = 20, kLegDown = 18, kLegWidth = 2, kLegHeight = 8;
constexpr float kLegTorque = 40;
constexpr int kChunks = 11;

b2Vec2 vector(double x, double y) {
  return {static_cast<float>(x), static_cast<float>(y)};
}

/// The lines of the ground: heights averaged over three, the middle five are the pad.
void make_ground(b2Body& moon, std::span<const double, Lander::kHeights> random) {
  std::array<double, Lander::kHeights> height;
  std::ranges::copy(random, height.begin());
  for (int i = kChunks / 2 - 2; i <= kChunks / 2 + 2; ++i) height[i] = kPad;
  const auto smooth = [&](int i) {
    return 0.33 * (height[i == 0 ? kChunks : i - 1] + height[i] + height[i + 1]);
  };
  const auto line = [&](b2Vec2 from, b2Vec2 to, float friction) {
    b2EdgeShape edge;
    edge.SetTwoSided(from, to);
    b2FixtureDef fixture;
    fixture.shape = &edge;
    fixture.friction = friction;
    moon.CreateFixture(&fixture);
  };
  line(vector(0, 0), vector(kWidth, 0), 0.2F);
  for (int i = 0; i + 1 < kChunks; ++i) {
    const double chunk = kWidth / (kChunks - 1);
    line(vector(chunk * i, smooth(i)), vector(chunk * (i + 1), smooth(i + 1)), 0.1F);
  }
}

b2Body* make_lander(b2World& world) {
  b2BodyDef body;
  body.type = b2_dynamicBody;
  body.position = vector(kWidth / 2, kHeight);
  constexpr double kOutline[][2] = {{-14, 17}, {-17, 0}, {-17, -10}, {17, -10}, {17, 0}, {14, 17}};
  b2Vec2 points[6];
  for (int i = 0; i < 6; ++i) points[i] = vector(kOutline[i][0] / kScale, kOutline[i][1] / kScale);
  b2PolygonShape shape;
  shape.Set(points, 6);
  b2FixtureDef fixture;
  fixture.shape = &shape;
  fixture.density = 5;
  fixture.friction = 0.1F;
  fixture.filter.categoryBits = 0x0010;
  fixture.filter.maskBits = 0x001;
  b2Body* const lander = world.CreateBody(&body);
  lander->CreateFixture(&fixture);
  return lander;
}

/// `side`: -1 or 1.
b2Body* make_leg(b2World& world, b2Body& lander, int side) {
  b2BodyDef body;
  body.type = b2_dynamicBody;
  body.position = vector(kWidth / 2 - side * kLegAway / kScale, kHeight);
  body.angle = static_cast<float>(side * 0.05);
  b2PolygonShape shape;
  shape.SetAsBox(static_cast<float>(kLegWidth / kScale), static_cast<float>(kLegHeight / kScale));
  b2FixtureDef fixture;
  fixture.shape = &shape;
  fixture.density = 1;
  fixture.filter.categoryBits = 0x0020;
  fixture.filter.maskBits = 0x001;
  b2Body* const leg = world.CreateBody(&body);
  leg->CreateFixture(&fixture);
  b2RevoluteJointDef joint;
  joint.bodyA = &lander;
  joint.bodyB = leg;
  joint.localAnchorA = vector(0, 0);
  joint.localAnchorB = vector(side * kLegAway / kScale, kLegDown / kScale);
  joint.enableMotor = true;
  joint.enableLimit = true;
  joint.maxMotorTorque = kLegTorque;
  joint.motorSpeed = static_cast<float>(0.3 * side);
  joint.lowerAngle = static_cast<float>(side == -1 ? 0.9 - 0.5 : -0.9);
  joint.upperAngle = static_cast<float>(side == -1 ? 0.9 : -0.9 + 0.5);
  world.CreateJoint(&joint);
  return leg;
}

}  // namespace

struct Lander::World final : b2ContactListener {
  b2World box{b2Vec2(0, -10)};
  b2Body* lander = nullptr;
  b2Body* legs[2] = {};
  bool touches[2] = {};  ///< the ground, by leg
  bool crashed = false;
  std::optional<double> shaping;  ///< of the step before
  std::array<double, kObservations> state{};

  World() { box.SetContactListener(this); }

  void touch(b2Contact* contact, bool begins) {
    const b2Body* const bodies[] = {contact->GetFixtureA()->GetBody(), contact->GetFixtureB()->GetBody()};
    for (const b2Body* body : bodies) {
      if (begins && body == lander) crashed = true;
      for (int i = 0; i < 2; ++i) {
        if (body == legs[i]) touches[i] = begins;
      }
    }
  }
  void BeginContact(b2Contact* contact) override { touch(contact, true); }
  void EndContact(b2Contact* contact) override { touch(contact, false); }

  /// Pushes the lander by the impulse -(x, y) power at a point beside its position.
  void push(double x, double y, double power, double at_x, double at_y) {
    const b2Vec2 position = lander->GetPosition();
    lander->ApplyLinearImpulse(vector(-x * power, -y * power), vector(position.x + at_x, position.y + at_y),
                               true);
  }

  void see() {
    const b2Vec2 position = lander->GetPosition(), speed = lander->GetLinearVelocity();
    state = {(position.x - kWidth / 2) / (kWidth / 2),
             (position.y - (kPad + kLegDown / kScale)) / (kHeight / 2),
             speed.x * (kWidth / 2) / kFramesPerSecond,
             speed.y * (kHeight / 2) / kFramesPerSecond,
             lander->GetAngle(),
             20.0 * lander->GetAngularVelocity() / kFramesPerSecond,
             touches[0] ? 1.0 : 0.0,
             touches[1] ? 1.0 : 0.0};
  }

  double shape() const {
    return -100 * std::sqrt(state[0] * state[0] + state[1] * state[1]) -
           100 * std::sqrt(state[2] * state[2] + state[3] * state[3]) - 100 * std::abs(state[4]) +
           10 * state[6] + 10 * state[7];
  }
};

Lander::Lander() = default;
Lander::Lander(Lander&&) noexcept = default;
Lander& Lander::operator=(Lander&&) noexcept = default;
Lander::~Lander() = default;

void Lander::begin(std::span<const double, kHeights> heights, std::span<const double, kForces> force) {
  world_ = std::make_unique<World>();
  b2BodyDef still;
  b2Body* const moon = world_->box.CreateBody(&still);
  make_ground(*moon, heights);
  world_->lander = make_lander(world_->box);
  world_->lander->ApplyForceToCenter(vector(force[0], force[1]), true);
  for (int i = 0; i < 2; ++i) world_->legs[i] = make_leg(world_->box, *world_->lander, 2 * i - 1);
}

Outcome Lander::step(double main, double lateral, std::span<const double, 2> dispersion) {
  World& world = *world_;
  main = std::clamp(main, -1.0, 1.0);
  lateral = std::clamp(lateral, -1.0, 1.0);
  const double sine = std::sin(static_cast<double>(world.lander->GetAngle()));
  const double cosine = std::cos(static_cast<double>(world.lander->GetAngle()));
  const double first = dispersion[0] / kScale, second = dispersion[1] / kScale;
  double main_power = 0, side_power = 0;
  if (main > 0) {
    main_power = (main + 1) * 0.5;
    const double x = sine * (4 / kScale + 2 * first) - cosine * second;
    const double y = -cosine * (4 / kScale + 2 * first) - sine * second;
    world.push(x, y, kMainPower * main_power, x, y);
  }
  if (std::abs(lateral) > 0.5) {
    side_power = std::abs(lateral);
    const double away = 3 * second + (lateral > 0 ? 1 : -1) * 12 / kScale;
    const double x = sine * first - cosine * away;
    const double y = -cosine * first - sine * away;
    world.push(x, y, kSidePower * side_power, x - sine * 17 / kScale, y + cosine * 14 / kScale);
  }
  world.box.Step(static_cast<float>(1 / kFramesPerSecond), 6 * 30, 2 * 30);

  world.see();
  Outcome outcome;
  const double shaping = world.shape();
  if (world.shaping) outcome.reward = shaping - *world.shaping;
  world.shaping = shaping;
  outcome.reward -= main_power * 0.30;
  outcome.reward -= side_power * 0.03;
  if (world.crashed || std::abs(world.state[0]) >= 1) outcome = {-100, true};
  if (!world.lander->IsAwake()) outcome = {100, true};
  return outcome;
}

void Lander::observe(std::span<float> out) const {
  for (int i = 0; i < kObservations; ++i) out[i] = static_cast<float>(world_->state[i]);
}

}  // namespace rankine::rl
