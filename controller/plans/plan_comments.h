// PlanComments: what the comments of plan.proto say about its messages and fields.
#ifndef RAMPART_CONTROLLER_PLANS_PLAN_COMMENTS_H_
#define RAMPART_CONTROLLER_PLANS_PLAN_COMMENTS_H_

#include <string>

#include "google/protobuf/descriptor.h"

namespace rampart::controller {

// Immutable. The comments are built into the program: they are written once, where the schema is.
class PlanComments {
 public:
  PlanComments();

  // The comment before it and the one behind it, as one line; empty without any. A field's (doc)
  // takes their place.
  std::string Of(const google::protobuf::Descriptor& message) const;
  std::string Of(const google::protobuf::FieldDescriptor& field) const;

 private:
  google::protobuf::DescriptorPool pool_;
};

}  // namespace rampart::controller

#endif  // RAMPART_CONTROLLER_PLANS_PLAN_COMMENTS_H_
